"""How one scheduler holds jobs: claims them, says that it lives, lets them go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from service.domain.job import Job, JobState, Lease
from service.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of the scheduler `holder`, each good for `lease_seconds` after a beat.

    `reading` opens transactions that write nothing: more often than it beats, a scheduler looks whether a job was
    cancelled.
    """

    work: UnitOfWork
    reading: UnitOfWork
    holder: str
    lease_seconds: float = 30.0
    beat_seconds: float = 10.0

    def claim(self, driving: Collection[int] = (), above: int | None = None) -> tuple[Job, Lease] | None:
        """See `Store.claim_job`."""
        with self.work() as store:
            return store.claim_job(self.holder, self.lease_seconds, driving, above)

    def beat(self, lease: Lease, seconds_used: float) -> Job:
        """See `Store.beat`."""
        with self.work() as store:
            return store.beat(lease, self.lease_seconds, seconds_used)

    def look(self, lease: Lease) -> Job:
        """The job of a lease as it now stands, whoever holds it."""
        with self.reading() as store:
            return store.job(lease.job_id)

    def release(self, lease: Lease, state: JobState, seconds_used: float, message: str = "") -> Job:
        """See `Store.release`."""
        with self.work() as store:
            return store.release(lease, state, seconds_used, message)
