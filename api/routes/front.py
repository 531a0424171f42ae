"""The front: what a search has found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import JobId, Reading
from api.schemas.front import FrontRead, HistoryRead
from service.usecases import front

router = APIRouter(prefix="/jobs/{id}/front", tags=["jobs"])


@router.get("")
def get_front(
    id: JobId, work: Reading, max_latency_ms: Annotated[float | None, Query(gt=0, allow_inf_nan=False)] = None
) -> FrontRead:
    """The cells that no other cell of the job beats, by its last objective, best first; also while it searches."""
    return FrontRead.of(front.of_job(id, work, max_latency_ms))


@router.get("/history")
def get_history(id: JobId, work: Reading) -> HistoryRead:
    """How the hypervolume of the front grew, trial by trial, from one reference point."""
    return HistoryRead.of(front.history(id, work))
