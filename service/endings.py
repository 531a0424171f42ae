"""How a process of the service is told to end: by a signal, or by the death of its parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

PARENT = "CELLSMITH_PARENT"
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h


def on_stop(act: Callable[[], None]) -> None:
    """Has SIGTERM and an interrupt from the keyboard call `act`."""

    def handle(number: int, frame: FrameType | None) -> None:
        act()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def end_with_parent(act: Callable[[], None]) -> None:
    """A child whose `python -m service` was killed ends too; nothing is left running."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        act()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
