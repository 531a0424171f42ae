"""The HTTP face over a record in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.ports import UnitOfWork
from service.store.memory import MemoryUnitOfWork
from tests.recorded import record


@pytest.fixture
def work() -> UnitOfWork:
    return MemoryUnitOfWork()


@pytest.fixture
def http(work: UnitOfWork) -> Iterator[TestClient]:
    with TestClient(create_app(work), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def searched(http: TestClient, work: UnitOfWork) -> dict[str, Any]:
    """A job that has ended, as the service tells it."""
    made = http.post("/v1/jobs", json={"dataset": "digits", "budget": {"trials": 6}})
    record(work)
    job: dict[str, Any] = http.get(made.headers["Location"]).json()
    return job
