"""A record as an earlier Cellsmith has left it."""

from __future__ import annotations

from alembic import command
from sqlalchemy import Engine

from service.store.migrate import config


def downgrade(engine: Engine, revision: str = "base") -> None:
    with engine.begin() as connection:
        command.downgrade(config(connection), revision)
