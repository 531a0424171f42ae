"""What a killed scheduler left running: Ray's helpers outlive it for a minute or more."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

MARK = "CELLSMITH_SCHEDULER_OF"


def end_leftovers(data_dir: Path) -> int:
    """Kills every process that an earlier scheduler of `data_dir` started; how many there were.

    To be called by whoever holds the scheduler's lock, since then no scheduler of that folder is alive. What this
    process starts from now on bears the same mark. Without /proc (not Linux) nothing is looked for.
    """
    mark = f"{MARK}={data_dir.resolve()}".encode()
    ended = 0
    for process in Path("/proc").glob("[0-9]*"):
        # Processes end while we look, and those of other users are closed to us.
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0") and int(process.name) != os.getpid():
                os.kill(int(process.name), signal.SIGKILL)
                ended += 1
    os.environ[MARK] = str(data_dir.resolve())
    return ended
