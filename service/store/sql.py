"""The record in SQL: one transaction is one `SqlStore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.domain.errors import LeaseLost, NoSpace, Unavailable
from service.store.clock import later, now
from service.store.engine import reading
from service.store.finds import FindRecords
from service.store.jobs import JobRecords
from service.store.sqlite_file import tells_damage
from service.store.tables import DeviceRow, SchedulerRow
from service.store.trials import TrialRecords

SQLITE_FULL = 13
POSTGRES_DISK_FULL = "53100"
OURS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""Mistakes of a statement; all else is of the database: away, locked, full, damaged, or to be read only."""


class SqlStore(JobRecords, TrialRecords, FindRecords):
    """Keeps the promises of `service.ports.Store` inside one transaction."""

    def save_device(self, name: str, profile: dict[str, Any]) -> None:
        """See `Store.save_device`."""
        insert = self._insert(DeviceRow, {"name": name, "profile": profile})
        self._write(insert.on_conflict_do_update(index_elements=["name"], set_={"profile": profile}))

    def devices(self) -> dict[str, dict[str, Any]]:
        """See `Store.devices`."""
        rows = self._connection.execute(select(DeviceRow.name, DeviceRow.profile).order_by(DeviceRow.name))
        return {row.name: row.profile for row in rows}

    def pulse(self, holder: str, seconds: float) -> None:
        """See `Store.pulse`."""
        self._write(delete(SchedulerRow).where(SchedulerRow.until <= now()))
        insert = self._insert(SchedulerRow, {"holder": holder, "until": later(seconds)})
        self._write(insert.on_conflict_do_update(index_elements=["holder"], set_={"until": later(seconds)}))

    def schedulers(self) -> list[str]:
        """See `Store.schedulers`."""
        alive = select(SchedulerRow.holder).where(SchedulerRow.until > now())
        return list(self._connection.execute(alive.order_by(SchedulerRow.holder)).scalars())


class SqlUnitOfWork:
    """Opens transactions; with `read_only`, such as write nothing and take no writer's lock.

    `commits` counts the transactions that have written something.
    """

    def __init__(self, engine: Engine, read_only: bool = False) -> None:
        self._engine = reading(engine) if read_only else engine
        self.commits = 0

    @contextmanager
    def __call__(self) -> Iterator[SqlStore]:
        """One transaction; NoSpace where the disk is full, Unavailable where the database is locked or gone."""
        with _refusals():
            try:
                with self._engine.begin() as connection:
                    store = SqlStore(connection)
                    yield store
            except LeaseLost as error:
                with self._engine.begin() as connection:
                    SqlStore(connection).count_refused(error.job_id)
                raise
        self.commits += store.wrote


@contextmanager
def _refusals() -> Iterator[None]:
    """Our errors in place of those of a database that cannot answer now; a wrong statement stays what it is."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, OURS) and not error.connection_invalidated:
            raise
        raise _refusal(error) from error
    except PoolTimeout as error:
        raise Unavailable("The database does not answer: all connections to it wait for an answer.") from error


def _refusal(error: DBAPIError) -> Unavailable:
    if getattr(error.orig, "sqlite_errorcode", None) == SQLITE_FULL or _sqlstate(error) == POSTGRES_DISK_FULL:
        return NoSpace(f"The disk of the database is full: {error.orig}. What is recorded can be read.")
    if tells_damage(error.orig):
        return Unavailable(f"The record is damaged: {error.orig}. `python -m service doctor` says what to do.")
    return Unavailable(f"The database does not answer: {error.orig}")


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
