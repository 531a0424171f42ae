"""Jobs and their leases in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, update

from service.domain.errors import KeyReused, NotFound
from service.domain.job import ENDED, Job, JobSpec, JobState, Lease
from service.domain.spec_data import spec_from_data, spec_to_data
from service.store.clock import later, now
from service.store.records import Records
from service.store.tables import JobRow

JOB_COLUMNS = (
    JobRow.id,
    JobRow.spec,
    JobRow.state,
    JobRow.created_at,
    JobRow.started_at,
    JobRow.finished_at,
    JobRow.seconds_used,
    JobRow.message,
    JobRow.refused,
)
PRIORITY = func.coalesce(JobRow.spec["priority"].as_integer(), 0)  # jobs of earlier versions have none


class JobRecords(Records):
    """The promises of `service.ports.Store` about jobs."""

    def add_job(self, spec: JobSpec, idempotency_key: str | None = None, body_hash: str = "") -> Job:
        """See `Store.add_job`."""
        values = {
            "spec": spec_to_data(spec),
            "state": JobState.QUEUED,
            "message": "",
            "seconds_used": 0.0,
            "created_at": now(),
            "idempotency_key": idempotency_key,
            "body_hash": body_hash,
            "lease_token": 0,
        }
        insert = self._insert(JobRow, values).on_conflict_do_nothing(index_elements=["idempotency_key"])
        added = self._write(insert.returning(JobRow.id)).scalar()
        return self.job(added) if added is not None else self._job_of_key(idempotency_key, body_hash)

    def _job_of_key(self, idempotency_key: str | None, body_hash: str) -> Job:
        query = select(JobRow.id, JobRow.body_hash).where(JobRow.idempotency_key == idempotency_key)
        known = self._connection.execute(query).one()
        if known.body_hash != body_hash:
            raise KeyReused(f"The idempotency key {idempotency_key!r} was used before with another body.")
        return self.job(known.id)

    def job(self, id: int) -> Job:
        """See `Store.job`."""
        row = self._connection.execute(select(*JOB_COLUMNS).where(JobRow.id == id)).first()
        if row is None:
            raise NotFound(f"There is no job {id}.")
        return _job(row)

    def jobs(self, before: int | None = None, limit: int = 50, states: Iterable[JobState] = ()) -> list[Job]:
        """See `Store.jobs`."""
        query = select(*JOB_COLUMNS).order_by(JobRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(JobRow.id < before)
        if wanted := list(states):
            query = query.where(JobRow.state.in_(wanted))
        return [_job(row) for row in self._connection.execute(query)]

    def move_job(self, id: int, state: JobState, message: str = "") -> Job:
        """See `Store.move_job`."""
        self._connection.execute(select(JobRow.id).where(JobRow.id == id).with_for_update())
        job = self.job(id).moved_to(state)
        values: dict[str, Any] = {"state": state, "message": message}
        if state is JobState.RUNNING:
            values["started_at"] = func.coalesce(JobRow.started_at, now())
        if state in ENDED:
            values["finished_at"] = now()
        self._write(update(JobRow).where(JobRow.id == job.id).values(values))
        return self.job(id)

    def claim_job(
        self, holder: str, lease_seconds: float, driving: Collection[int] = (), above: int | None = None
    ) -> tuple[Job, Lease] | None:
        """See `Store.claim_job`."""
        abandoned = or_(JobRow.lease_holder.is_(None), JobRow.lease_holder == holder, JobRow.lease_until <= now())
        claimable = or_(JobRow.state == JobState.QUEUED, and_(JobRow.state == JobState.RUNNING, abandoned))
        query = select(JobRow.id, JobRow.state).where(claimable, JobRow.id.not_in(driving))
        if above is not None:
            query = query.where(above < PRIORITY)
        query = query.order_by(PRIORITY.desc(), JobRow.id).limit(1)
        found = self._connection.execute(query.with_for_update(skip_locked=True)).first()
        if found is None:
            return None
        if found.state == JobState.QUEUED:
            self.move_job(found.id, JobState.RUNNING)
        lease = {
            "lease_holder": holder,
            "lease_until": later(lease_seconds),
            "lease_token": JobRow.lease_token + 1,
        }
        claim = update(JobRow).where(JobRow.id == found.id).values(lease).returning(JobRow.lease_token)
        token = self._write(claim).scalar_one()
        return self.job(found.id), Lease(found.id, holder, token)

    def beat(self, lease: Lease, lease_seconds: float, seconds_used: float) -> Job:
        """See `Store.beat`."""
        self._hold(lease)
        values = {"lease_until": later(lease_seconds), "seconds_used": seconds_used}
        self._write(update(JobRow).where(JobRow.id == lease.job_id).values(values))
        return self.job(lease.job_id)

    def release(self, lease: Lease, state: JobState, seconds_used: float, message: str = "") -> Job:
        """See `Store.release`."""
        self._hold(lease)
        values = {"lease_holder": None, "lease_until": None, "seconds_used": seconds_used}
        self._write(update(JobRow).where(JobRow.id == lease.job_id).values(values))
        job = self.job(lease.job_id)
        if job.state is JobState.RUNNING and state is not JobState.RUNNING:
            return self.move_job(job.id, state, message)
        return job

    def count_refused(self, job_id: int) -> None:
        """One more write to this job was refused."""
        self._write(update(JobRow).where(JobRow.id == job_id).values(refused=JobRow.refused + 1))


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        spec=spec_from_data(row.spec),
        state=JobState(row.state),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds_used=row.seconds_used,
        message=row.message,
        refused=row.refused,
    )
