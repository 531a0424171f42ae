"""Jobs and their leases in SQL."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Row, and_, case, func, or_, select, update

from service.domain.errors import Conflict, KeyReused, NotFound, ServiceError
from service.domain.job import ENDED, Job, JobSpec, JobState, Lease
from service.domain.spec_data import is_newer, spec_from_data, spec_to_data
from service.store.clock import later, now
from service.store.records import Records
from service.store.tables import SPEC_IS_JSON, JobRow

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
    JobRow.restored_at,
)
ASKED = func.coalesce(JobRow.spec["priority"].as_integer(), 0)  # jobs of earlier versions have none
PRIORITY = {dialect: case((is_json, ASKED), else_=0) for dialect, is_json in SPEC_IS_JSON.items()}
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, ServiceError)


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
        if added is not None:
            return self.job(added)
        made = self.job_of_key(str(idempotency_key), body_hash)
        assert made is not None, "a conflict is with a job of that key"
        return made

    def job_of_key(self, idempotency_key: str, body_hash: str) -> Job | None:
        """See `Store.job_of_key`."""
        query = select(JobRow.id, JobRow.body_hash).where(JobRow.idempotency_key == idempotency_key)
        known = self._connection.execute(query).first()
        if known is None:
            return None
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
        query = select(*JOB_COLUMNS).order_by(JobRow.id.desc())
        if wanted := list(states):
            query = query.where(JobRow.state.in_(wanted))
        found: list[Job] = []
        while True:
            page, missing = query if before is None else query.where(JobRow.id < before), limit - len(found)
            rows = self._connection.execute(page.limit(missing)).all()
            for row in rows:
                with contextlib.suppress(Conflict):  # one that cannot be read would keep all others from being seen
                    found.append(_job(row))
            if len(found) == limit or len(rows) < missing:
                return found
            before = rows[-1].id

    def move_job(self, id: int, state: JobState, message: str = "") -> Job:
        """See `Store.move_job`."""
        self._connection.execute(select(JobRow.id).where(JobRow.id == id).with_for_update())
        job = self.job(id).moved_to(state)
        values: dict[str, Any] = {"state": state, "message": message}
        if state is JobState.RUNNING:
            values["started_at"] = func.coalesce(JobRow.started_at, now())
        if state in ENDED:
            values |= {"finished_at": now(), "lease_holder": None, "lease_until": None}
        self._write(update(JobRow).where(JobRow.id == job.id).values(values))
        return self.job(id)

    def claim_job(
        self, holder: str, lease_seconds: float, driving: Collection[int] = (), above: int | None = None
    ) -> tuple[Job, Lease] | None:
        """See `Store.claim_job`. What cannot be read stops nobody: it fails, or waits for a newer version."""
        while (id := self._claimable(holder, driving, above)) is not None:
            try:
                job = self.job(id)
            except Conflict as error:
                if is_newer(self._connection.execute(select(JobRow.spec).where(JobRow.id == id)).scalar()):
                    driving = [*driving, id]
                else:
                    self._fail(id, str(error))
                continue
            if job.state is JobState.QUEUED:
                self.move_job(id, JobState.RUNNING)
            lease = {
                "lease_holder": holder,
                "lease_until": later(lease_seconds),
                "lease_token": JobRow.lease_token + 1,
            }
            claim = update(JobRow).where(JobRow.id == id).values(lease).returning(JobRow.lease_token)
            token = self._write(claim).scalar_one()
            return self.job(id), Lease(id, holder, token)
        return None

    def _claimable(self, holder: str, driving: Collection[int], above: int | None) -> int | None:
        """The job that is next, kept from everybody else until this transaction ends."""
        priority = PRIORITY[self._connection.dialect.name]
        abandoned = or_(JobRow.lease_holder.is_(None), JobRow.lease_holder == holder, JobRow.lease_until <= now())
        claimable = or_(JobRow.state == JobState.QUEUED, and_(JobRow.state == JobState.RUNNING, abandoned))
        query = select(JobRow.id).where(claimable, JobRow.id.not_in(driving))
        if above is not None:
            query = query.where(above < priority)
        query = query.order_by(priority.desc(), JobRow.id).limit(1)
        found: int | None = self._connection.execute(query.with_for_update(skip_locked=True)).scalar()
        return found

    def _fail(self, id: int, message: str) -> None:
        ended = {"state": JobState.FAILED, "message": message, "finished_at": now()}
        self._write(update(JobRow).where(JobRow.id == id).values(ended | {"lease_holder": None, "lease_until": None}))

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
    try:
        spec, state = spec_from_data(row.spec), JobState(row.state)
    except UNREADABLE as error:
        raise Conflict(f"Job {row.id} cannot be read: {type(error).__name__}: {error}") from error
    return Job(
        id=row.id,
        spec=spec,
        state=state,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds_used=row.seconds_used,
        message=row.message,
        refused=row.refused,
        restored_at=row.restored_at,
    )
