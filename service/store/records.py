"""What every part of the SQL store has: a connection inside a transaction, and the check of a lease."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, CursorResult, UpdateBase, bindparam, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.domain.errors import LeaseLost
from service.domain.job import Lease
from service.store.tables import JobRow, Table

Values: TypeAlias = Mapping[str, Any]
Upsert: TypeAlias = postgresql.Insert | sqlite.Insert

INSERTS: Mapping[str, Callable[[Any], Upsert]] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}

# The holder too: a record that was restored counts its tokens from where it was then.
THEIRS = (
    JobRow.id == bindparam("job_id"),
    JobRow.lease_token == bindparam("token"),
    JobRow.lease_holder == bindparam("holder"),
)
# What every trial asks and writes is built once: to build a statement costs as much as to execute it.
HELD = select(JobRow.id).where(*THEIRS).with_for_update()
# The same, and one statement too: what a result is recorded with.
HELD_SO_LONG = update(JobRow).where(*THEIRS).values(seconds_used=bindparam("seconds")).returning(JobRow.id)


def adding(table: type[Table], unique: Sequence[str], **values: Any) -> Mapping[str, UpdateBase]:
    """For each dialect an insert that leaves alone what is there already, and returns the id of what it added.

    What is not among `values` comes with each execution.
    """
    rows = inspect(table).local_table
    return {
        dialect: insert(rows)
        .values(**values)
        .on_conflict_do_nothing(index_elements=unique)
        .returning(*inspect(table).primary_key)
        for dialect, insert in INSERTS.items()
    }


class Records:
    """A part of the store; belongs to one transaction. `wrote` says whether it has changed anything."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.wrote = False

    def _write(self, statement: UpdateBase, values: Values | Sequence[Values] | None = None) -> CursorResult[Any]:
        self.wrote = True
        return self._connection.execute(statement, values)

    def _insert(self, table: type[Table], values: Values) -> Upsert:
        """An insert that can say what happens where the row is there already."""
        return INSERTS[self._connection.dialect.name](table).values(**values)

    def _add(self, inserts: Mapping[str, UpdateBase], values: Values) -> Any:
        """Executes one of `adding`: the id of the new row, or None where it is there already."""
        return self._write(inserts[self._connection.dialect.name], values).scalar()

    def _hold(self, lease: Lease, seconds_used: float | None = None) -> None:
        """Keeps the job from everybody else until this transaction ends; LeaseLost where it is theirs by now.

        Writes the seconds used on the way, where they are given.
        """
        mine = {"job_id": lease.job_id, "token": lease.token, "holder": lease.holder}
        if seconds_used is None:
            held = self._connection.execute(HELD, mine)
        else:
            held = self._write(HELD_SO_LONG, mine | {"seconds": seconds_used})
        if held.first() is None:
            raise LeaseLost(
                lease.job_id, f"Job {lease.job_id} is no longer held by {lease.holder} under lease {lease.token}."
            )
