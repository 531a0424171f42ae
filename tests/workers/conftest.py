"""Real digits."""

from __future__ import annotations

import pytest

from workers.data.load import load
from workers.data.splits import SearchData, split


@pytest.fixture(scope="session")
def digits() -> SearchData:
    return split(load("digits")).search
