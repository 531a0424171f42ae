"""The database's clock, the only one that leases and records are timed by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from service.store.tables import UtcDateTime


class _Later(FunctionElement[datetime]):
    type = UtcDateTime()
    inherit_cache = True


def now() -> ColumnElement[datetime]:
    """This moment, to the millisecond or better."""
    return later(0.0)


def later(seconds: float) -> ColumnElement[datetime]:
    """This many seconds from now."""
    return _Later(bindparam(None, float(seconds)))


@compiles(_Later, "sqlite")
def _sqlite(element: _Later, compiler: SQLCompiler, **kwargs: Any) -> str:
    # Six digits of a second, of which SQLite knows three: the text that SQLAlchemy writes, so texts compare as times.
    seconds = compiler.process(element.clauses, **kwargs)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds} || ' seconds')"


@compiles(_Later, "postgresql")
def _postgresql(element: _Later, compiler: SQLCompiler, **kwargs: Any) -> str:
    # Not now(), which stands still while a transaction waits for a lock.
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kwargs)}))"
