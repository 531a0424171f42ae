"""Brings the database's tables to what this code needs, or says why it cannot work with them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from service.domain.errors import WrongSchema

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ONE_AT_A_TIME = 0x63656C6C  # any number that no other program locks in the same database


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Creates or alters the tables, in one transaction; several processes may do so at once."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ONE_AT_A_TIME})
        _refuse_newer(connection)
        command.upgrade(config(connection), revision)


def is_known(revision: str) -> bool:
    """Whether this code can bring tables of such a schema to its own."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def check(engine: Engine, *, may_be_older: bool = False) -> None:
    """WrongSchema where there are no tables, or they are newer than this code, or older unless they may be."""
    with engine.connect() as connection:
        _refuse_newer(connection)
        current, needed = _revision(connection), _scripts().get_current_head()
    if current is None or (current != needed and not may_be_older):
        found = f"schema {current}" if current else "no tables"
        raise WrongSchema(
            f"The database has {found}, this Cellsmith needs schema {needed}: run `python -m service migrate`."
        )


def config(connection: Connection) -> Config:
    """What Alembic needs to know to work on this connection."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return made


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(connection: Connection) -> None:
    current = _revision(connection)
    if current is not None and not is_known(current):
        raise WrongSchema(f"The database has schema {current}, which is newer than this Cellsmith: update Cellsmith.")
