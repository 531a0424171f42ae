"""What tests of the dispatchers share: a Ray of each file's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.dispatch.local import start_ray, stop_ray


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    start_ray(2)
    yield
    stop_ray()
