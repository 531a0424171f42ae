"""A job as it is told: its state, and how far it is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Self

from api.schemas.base import Told
from api.schemas.forecast import ForecastRead
from api.schemas.job_create import JobCreate
from service.domain.job import Job, JobState
from service.usecases.beforehand import Outlook
from service.usecases.jobs import JobStatus


class JobFacts(Told):
    """What every answer about a job says. `message` tells why it failed; times are UTC."""

    id: int
    name: str
    dataset: str
    state: JobState
    message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds_used: float


class JobSummary(JobFacts):
    """A job without what was asked for."""

    @classmethod
    def of(cls, job: Job) -> Self:
        """A recorded job in the words of the routes."""
        return cls(**_facts(job))


class ProgressRead(Told):
    """Trials by how they ended, out of `budget`; `reused` ones needed no training. `front` counts its members.

    `reused_evaluations` were taken from the record instead of trained. `rejected` trials were not trained either, since
    they miss a limit, by their description or by their latency; they count towards nothing else.

    `best_accuracy` is a share, at full fidelity, of those that keep every limit. `seconds_left` is a forecast, null
    before the first result.
    """

    budget: int
    proposed: int
    done: int
    stopped: int
    failed: int
    reused: int
    reused_evaluations: int
    rejected: int
    front: int
    best_accuracy: float | None
    seconds_used: float
    seconds_left: float | None


class JobRead(JobFacts):
    """A job with what was asked for, every default filled in, and how far it is.

    `refused` counts what schedulers wanted to write that held the job no longer.
    """

    spec: JobCreate
    progress: ProgressRead
    refused: int

    @classmethod
    def of(cls, status: JobStatus) -> Self:
        """A recorded job and its progress in the words of the routes."""
        return cls(
            **_facts(status.job),
            spec=JobCreate.of(status.job.spec),
            progress=ProgressRead(**asdict(status.progress), front=status.front, best_accuracy=status.best_accuracy),
            refused=status.job.refused,
        )


class JobCreated(JobRead):
    """A new job, with what is known of it before it begins."""

    forecast: ForecastRead

    @classmethod
    def with_forecast(cls, status: JobStatus, outlook: Outlook) -> Self:
        """A recorded job and what is known of it beforehand."""
        return cls(**dict(JobRead.of(status)), forecast=ForecastRead.of(outlook))


def _facts(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.spec.name,
        "dataset": job.spec.dataset,
        "state": job.state,
        "message": job.message,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "seconds_used": job.seconds_used,
    }
