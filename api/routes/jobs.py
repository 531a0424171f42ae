"""Jobs: asking for a search, following it, moving it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from api.dependencies import Cursor, JobId, Limit, Reading, Work
from api.schemas.base import Nothing, Page
from api.schemas.forecast import ForecastRead
from api.schemas.job_create import JobCreate
from api.schemas.job_read import JobCreated, JobRead, JobSummary
from service.domain.job import JobState
from service.usecases import beforehand, jobs

router = APIRouter(prefix="/jobs", tags=["jobs"])

IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$", description="Makes it safe to send this again."),
]


@router.post("", status_code=201)
def submit(
    body: JobCreate,
    work: Work,
    reading: Reading,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobCreated:
    """Ask for a search. The same key with the same job answers with the job it made before."""
    job = jobs.submit(body.to_spec(), work, idempotency_key, body.hash, body.seed_with, reading)
    response.headers["Location"] = request.app.url_path_for("get_job", id=job.id)
    return JobCreated.with_forecast(jobs.get(job.id, reading), beforehand.outlook(job.spec, reading))


@router.post("/forecast")
def forecast(body: JobCreate, work: Reading) -> ForecastRead:
    """What is known of a search before it is asked for: size of its space, what cells cost, time; nothing is stored."""
    return ForecastRead.of(beforehand.outlook(jobs.checked(body.to_spec(), work, body.seed_with), work))


@router.get("")
def list_jobs(
    work: Reading, cursor: Cursor = None, limit: Limit = 50, state: Annotated[list[JobState] | None, Query()] = None
) -> Page[JobSummary]:
    """The jobs, newest first, of any state or of the states named."""
    found = jobs.newest(work, cursor, limit + 1, state or ())
    following = found[limit - 1].id if len(found) > limit else None
    return Page(items=[JobSummary.of(job) for job in found[:limit]], next_cursor=following)


@router.get("/{id}")
def get_job(id: JobId, work: Reading) -> JobRead:
    """A job: its state, how far it is, and what was asked for."""
    return JobRead.of(jobs.get(id, work))


@router.post("/{id}/cancel")
def cancel(id: JobId, work: Work, _: Nothing | None = None) -> JobSummary:
    """End a search for good; what it has found stays."""
    return JobSummary.of(jobs.cancel(id, work))


@router.post("/{id}/pause")
def pause(id: JobId, work: Work, _: Nothing | None = None) -> JobSummary:
    """Let a search rest until it is resumed."""
    return JobSummary.of(jobs.pause(id, work))


@router.post("/{id}/resume")
def resume(id: JobId, work: Work, _: Nothing | None = None) -> JobSummary:
    """Let a paused search go on."""
    return JobSummary.of(jobs.resume(id, work))
