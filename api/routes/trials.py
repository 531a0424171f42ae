"""Trials: what was tried within a job, and taking one of them away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from api.dependencies import Cursor, JobId, Limit, Reading, TrialNumber
from api.schemas.base import Nothing, Page
from api.schemas.trial import TrialRead, TrialSummary
from search_space.scripts import ScriptName
from service.usecases import exports, trials

router = APIRouter(prefix="/jobs/{id}/trials", tags=["trials"])

Form = Annotated[Literal["training", "inference"], Query(description="To train on, or merged to run fast.")]

Scripts = Annotated[
    Sequence[ScriptName], Query(max_length=2, description="Scripts to add, which need torch alone, as model.py does.")
]


@router.get("")
def list_trials(id: JobId, work: Reading, cursor: Cursor = None, limit: Limit = 100) -> Page[TrialSummary]:
    """What was tried, in the order of proposal, failures included."""
    found = trials.page(id, work, -1 if cursor is None else cursor, limit + 1)
    following = found[limit - 1].number if len(found) > limit else None
    return Page(items=[TrialSummary.of(trial) for trial in found[:limit]], next_cursor=following)


@router.get("/{number}")
def get_trial(id: JobId, number: TrialNumber, work: Reading) -> TrialRead:
    """A trial with each of its evaluations; one that failed has its class and traceback."""
    return TrialRead.of(trials.get(id, number, work))


@router.post("/{number}/exports", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
def export(
    id: JobId,
    number: TrialNumber,
    work: Reading,
    form: Form = "inference",
    scripts: Scripts = (),
    _: Nothing | None = None,
) -> Response:
    """A trained network as a zip: model.py, weights.safetensors, config.json, README.md, front.svg and `scripts`."""
    headers = {"Content-Disposition": f'attachment; filename="job-{id}-trial-{number}.zip"'}
    return Response(exports.bundle(id, number, work, form, scripts), media_type="application/zip", headers=headers)
