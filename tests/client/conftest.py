"""A service that listens on a port of its own, over a SQLite file."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from api.app import create_app
from cellsmith.cli import app
from service.ports import UnitOfWork
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork

Cellsmith = Callable[..., Result]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[UnitOfWork]:
    engine = connect(f"sqlite:///{tmp_path / 'cellsmith.db'}")
    upgrade(engine)
    yield SqlUnitOfWork(engine)
    engine.dispose()


@pytest.fixture
def url(work: UnitOfWork) -> Iterator[str]:
    """The address of a running service."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(work), log_level="error", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def free_url() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def cellsmith(url: str) -> Cellsmith:
    """The command line, speaking to the running service."""
    runner = CliRunner()

    def run(*arguments: str, stdin: str | None = None) -> Result:
        environment = {"CELLSMITH_URL": url, "COLUMNS": "80", "NO_COLOR": "1"}
        return runner.invoke(app, arguments, input=stdin, env=environment, catch_exceptions=False)

    return run
