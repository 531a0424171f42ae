"""What a scheduler says of itself while it works, and that it ends when its Ray is gone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

from service.ports import UnitOfWork

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


class Pulse:
    """Records every `beat_seconds` that `holder` works, and calls `gone` as soon as `ray_lives` no more."""

    def __init__(
        self,
        work: UnitOfWork,
        holder: str,
        *,
        beat_seconds: float,
        lease_seconds: float,
        ray_lives: Callable[[], bool],
        gone: Callable[[], None],
    ) -> None:
        self._work = work
        self._holder = holder
        self._beat_seconds = beat_seconds
        self._lease_seconds = lease_seconds
        self._ray_lives = ray_lives
        self._gone = gone
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beats, name="pulse", daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()
        self._record(0)

    def _beats(self) -> None:
        due = time.monotonic()
        while not self._ending.wait(LOOK_SECONDS):
            if not self._ray_lives():
                log.error("Ray has died")
                self._record(0)
                self._gone()
                return
            if time.monotonic() >= due:
                self._record(self._lease_seconds)
                due = time.monotonic() + self._beat_seconds

    def _record(self, seconds: float) -> None:
        try:
            with self._work() as store:
                store.pulse(self._holder, seconds)
        except Exception as error:  # noqa: BLE001  # outermost step of a thread: the database may come back
            log.warning("no pulse: %s", error)
