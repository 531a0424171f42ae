"""What tests of several parts share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import postgres_or_skip

# Before torch is loaded, and for the processes that tests start too: tests run side by side, and sums of floats come
# out the same in two processes only where both add them in as many threads.
os.environ["OMP_NUM_THREADS"] = "1"
# Ray gives its workers the lowest rank but four; beside the other tests they would hardly have their turn.
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - so spelt by Ray
# A shell has what it runs in the background ignore interrupts, and whatever is started there inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Property tests have no deadline either: the machine may be busy with others.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
if DATA.is_dir():
    os.environ.setdefault("CELLSMITH_DATA", str(DATA))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this session's own."""
    with postgres_or_skip() as url:
        yield url
