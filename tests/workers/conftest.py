"""Real digits, and one thread for all that is computed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from workers.data.load import load
from workers.data.splits import SearchData, split


@pytest.fixture(scope="session")
def digits() -> SearchData:
    return split(load("digits")).search


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
