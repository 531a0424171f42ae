"""What a user may know of a job's trials."""

from __future__ import annotations

from collections.abc import Iterator

from service.domain.trial import Trial
from service.ports import UnitOfWork

AT_ONCE = 200


def page(job_id: int, work: UnitOfWork, after: int = -1, limit: int = 100) -> list[Trial]:
    """Trials in the order of their numbers, those above `after`; NotFound where there is no such job."""
    with work() as store:
        return store.trials(job_id, after, limit)


def every(job_id: int, work: UnitOfWork) -> Iterator[Trial]:
    """All trials in the order of their numbers, later ones as they are later; NotFound where there is no such job.

    They are read by pages: on SQLite nobody can write while somebody reads.
    """
    after = -1
    while found := page(job_id, work, after, AT_ONCE):
        yield from found
        after = found[-1].number


def get(job_id: int, number: int, work: UnitOfWork) -> Trial:
    """One trial with its evaluations; NotFound where there is none."""
    with work() as store:
        return store.trial(job_id, number)
