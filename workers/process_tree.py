"""The processes that descend from this one: finding them, weighing them, ending them all.

Needs Linux; elsewhere nothing is found.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PATIENCE_S = 3.0


def adopt_orphans() -> None:
    """Makes whatever descends from this process its child when its own parent ends: forking twice is no escape."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_with(parent: int) -> None:
    """Has this process killed as soon as the thread of `parent` that made it is gone, whatever it does then."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def descendants(without: frozenset[int] = frozenset()) -> list[int]:
    """Every process below this one, those included that have ended and were not waited for; none below `without`."""
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = [child for child in _children(waiting.pop()) if child not in without]
        found += below
        waiting += below
    return found


def _children(process: int) -> list[int]:
    found: list[int] = []
    for tasks in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # threads end while we look
            found += map(int, tasks.read_text().split())
    return found


def resident_bytes(process: int) -> int:
    """The memory that a process holds, all that it shares with others included; 0 where it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_BYTES
    return 0


def own_bytes(process: int) -> int:
    """The same without what is mapped from files, and with what several share divided among them.

    Takes the kernel a millisecond or more to add up.
    """
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return 0


def machine_bytes() -> int:
    """The memory of this machine, or of the container that this process is in."""
    installed = os.sysconf("SC_PHYS_PAGES") * PAGE_BYTES
    with contextlib.suppress(OSError, ValueError):  # no such file outside a container; "max" where there is no limit
        return min(installed, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return installed


def end_descendants(spared: frozenset[int] = frozenset()) -> dict[int, int]:
    """Kills every process below this one, save those in `spared` and theirs; id -> wait status of those that were ours.

    All are stopped before any is killed, so that none can start another meanwhile. One that does not end within
    seconds, since it waits for a disk that does not answer, is left.
    """
    statuses: dict[int, int] = {}
    deadline = time.monotonic() + PATIENCE_S
    stopped: set[int] = set()
    while time.monotonic() < deadline and (new := set(descendants(spared)) - stopped):
        _signal(new, signal.SIGSTOP)
        stopped |= new
    while left := descendants(spared):
        _signal(left, signal.SIGKILL)
        for process in left:
            with contextlib.suppress(ChildProcessError):  # not ours yet, its parent is being killed
                ended, status = os.waitpid(process, os.WNOHANG)
                statuses |= {ended: status} if ended else {}
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    return statuses


def _signal(processes: Iterable[int], number: int) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
