"""The record in SQL: one transaction is one `SqlStore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from service.domain.errors import Unavailable
from service.store.engine import reading
from service.store.jobs import JobRecords
from service.store.tables import DeviceRow
from service.store.trials import TrialRecords


class SqlStore(JobRecords, TrialRecords):
    """Keeps the promises of `service.ports.Store` inside one transaction."""

    def save_device(self, name: str, profile: dict[str, Any]) -> None:
        """See `Store.save_device`."""
        insert = self._insert(DeviceRow, {"name": name, "profile": profile})
        self._write(insert.on_conflict_do_update(index_elements=["name"], set_={"profile": profile}))

    def devices(self) -> dict[str, dict[str, Any]]:
        """See `Store.devices`."""
        rows = self._connection.execute(select(DeviceRow.name, DeviceRow.profile).order_by(DeviceRow.name))
        return {row.name: row.profile for row in rows}


class SqlUnitOfWork:
    """Opens transactions; with `read_only`, such as write nothing and take no writer's lock.

    `commits` counts the transactions that have written something.
    """

    def __init__(self, engine: Engine, read_only: bool = False) -> None:
        self._engine = reading(engine) if read_only else engine
        self.commits = 0

    @contextmanager
    def __call__(self) -> Iterator[SqlStore]:
        """One transaction; Unavailable where the database is locked or gone."""
        try:
            with self._engine.begin() as connection:
                store = SqlStore(connection)
                yield store
        except OperationalError as error:
            raise Unavailable(f"The database does not answer: {error.orig}") from error
        self.commits += store.wrote
