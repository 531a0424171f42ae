"""What tests with real processes share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import postgres_or_skip


@pytest.fixture
def an_empty_postgres() -> Iterator[str]:
    """A PostgreSQL server of this test's own."""
    with postgres_or_skip() as url:
        yield url
