"""What a user may know of a job's trials."""

from __future__ import annotations

from service.domain.trial import Trial
from service.ports import UnitOfWork


def page(job_id: int, work: UnitOfWork, after: int = -1, limit: int = 100) -> list[Trial]:
    """Trials in the order of their numbers, those above `after`; NotFound where there is no such job."""
    with work() as store:
        return store.trials(job_id, after, limit)


def get(job_id: int, number: int, work: UnitOfWork) -> Trial:
    """One trial with its evaluations; NotFound where there is none."""
    with work() as store:
        return store.trial(job_id, number)
