"""Connections to the database, with what SQLite must be told so that nothing is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError

from service.domain.errors import RecordUnusable

READING = "cellsmith_reading"
LONGEST_PAUSE_MS = 30_000
# In seconds: a server that a network has silently lost is noticed, and not waited for until TCP gives it up.
NOTICED = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


def connect(url: str, longest_pause_ms: int = LONGEST_PAUSE_MS) -> Engine:
    """An engine for `sqlite:///FILE` or `postgresql://...`; connects when it is first used.

    PostgreSQL ends a transaction in which nothing was asked for `longest_pause_ms`.
    """
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed)
    else:
        # A process that stands still in the middle of a transaction would keep its job from everybody.
        options = f"-c idle_in_transaction_session_timeout={longest_pause_ms}"
        engine = create_engine(parsed, pool_pre_ping=True, connect_args={"options": options, **NOTICED})
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def reading(engine: Engine) -> Engine:
    """The same pool, for transactions that write nothing and see one state of the record."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READING: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """RecordUnusable in place of what a driver or a file system raises."""
    try:
        yield
    except (OSError, DatabaseError, sqlite3.Error) as error:
        raise RecordUnusable(str(error).splitlines()[0]) from error


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver opens no transactions of its own; _begin_sqlite does
    # Not WAL: SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write at the same instant.
    for pragma in ("busy_timeout = 10000", "journal_mode = DELETE", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock first: two that read and then want to write would wait for each other.
    mode = "DEFERRED" if connection.get_execution_options().get(READING) else "IMMEDIATE"
    connection.exec_driver_sql(f"BEGIN {mode}")
