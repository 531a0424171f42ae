"""Children of the service are started again, and given up only where they never worked."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from service import supervisor
from service.domain.errors import CannotStart
from tests.processes import wait_for

# Works as long as there is a file, and cannot start without.
PART = "import os, sys, time\nwhile os.path.exists(sys.argv[1]):\n    time.sleep(0.05)\nsys.exit(1)"


@pytest.fixture
def needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a part needs; it has worked when it has lived for half a second."""
    monkeypatch.setattr(supervisor, "PROGRAM", (sys.executable, "-c", PART))
    monkeypatch.setattr(supervisor, "EARLY_SECONDS", 0.5)
    monkeypatch.setattr(supervisor, "MOST_PAUSE_SECONDS", 0.2)
    return tmp_path / "needed"


def kept_alive(child: supervisor._Child) -> int:
    """How often in a row it could not start."""
    child.keep_alive()
    return child._early_ends


def works(child: supervisor._Child) -> bool:
    """Whether it has lived for longer than one that cannot start."""
    child.keep_alive()
    return child.process.poll() is None and time.monotonic() - child._started > supervisor.EARLY_SECONDS


def test_a_part_that_never_worked_is_given_up(needed: Path) -> None:
    child = supervisor._Child(str(needed))
    with pytest.raises(CannotStart, match="ends as soon as it is started"):
        wait_for(lambda: kept_alive(child) > supervisor.MOST_EARLY_ENDS, 30, "it is given up")


def test_a_part_that_has_worked_is_tried_until_what_it_needs_is_back(needed: Path) -> None:
    needed.touch()
    child = supervisor._Child(str(needed))
    try:
        time.sleep(0.6)
        assert kept_alive(child) == 0
        needed.unlink()
        wait_for(lambda: kept_alive(child) > supervisor.MOST_EARLY_ENDS, 60, "it ends often")
        needed.touch()
        wait_for(lambda: works(child), 30, "it works again")
    finally:
        child.process.kill()
        child.process.wait()
