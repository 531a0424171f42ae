"""What every part of the SQL store has: a connection inside a transaction, and the check of a lease."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, CursorResult, UpdateBase, select
from sqlalchemy.dialects import postgresql, sqlite

from service.domain.errors import LeaseLost
from service.domain.job import Lease
from service.store.tables import JobRow, Table

Upsert: TypeAlias = postgresql.Insert | sqlite.Insert

INSERTS: Mapping[str, Callable[[type[Table]], Upsert]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Records:
    """A part of the store; belongs to one transaction. `wrote` says whether it has changed anything."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.wrote = False

    def _write(self, statement: UpdateBase, rows: Sequence[Mapping[str, Any]] | None = None) -> CursorResult[Any]:
        self.wrote = True
        return self._connection.execute(statement, rows)

    def _insert(self, table: type[Table], values: Mapping[str, Any]) -> Upsert:
        """An insert that can say what happens where the row is there already."""
        return INSERTS[self._connection.dialect.name](table).values(**values)

    def _hold(self, lease: Lease) -> None:
        """Keeps the job from everybody else until this transaction ends; LeaseLost where it is theirs by now."""
        held = select(JobRow.id).where(
            JobRow.id == lease.job_id, JobRow.lease_token == lease.token, JobRow.lease_holder.is_not(None)
        )
        if self._connection.execute(held.with_for_update()).first() is None:
            raise LeaseLost(f"Job {lease.job_id} is no longer held by {lease.holder} under lease {lease.token}.")
