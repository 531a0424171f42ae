"""The API and the scheduler of one machine, kept alive by the process that started them."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from service.domain.errors import CannotStart
from service.endings import PARENT, TRY_AGAIN, end_with_parent, on_stop
from service.entrance import open_record, refuse_absent_data, refuse_taken_port
from service.leftovers import end_leftovers, remove_scratch
from service.locks import SERVICE_LOCK, only_one, refuse_second
from service.settings import Settings

log = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "service")
LOOK_SECONDS = 0.2
STOP_SECONDS = 15.0  # of the 20 that a stop may take: ending by force, and clearing away after it, takes time too
EARLY_SECONDS = 20.0
COULD_NOT_START = (1, 3)  # 3 is uvicorn's
MOST_EARLY_ENDS = 3
MOST_PAUSE_SECONDS = 8.0
TRY_AGAIN_SECONDS = 1.0


def run_all(settings: Settings) -> None:
    """The API and the scheduler as children that are restarted when they die, until this process is stopped."""
    refuse_absent_data()
    refuse_second(settings.data_dir)
    refuse_taken_port(settings.host, settings.port)
    open_record(settings)
    with only_one(settings.data_dir, SERVICE_LOCK):
        stopping = threading.Event()
        on_stop(stopping.set)
        end_with_parent(stopping.set)
        children = [_Child("api"), _Child("scheduler")]
        try:
            told = False
            # It sleeps, and does not wait: a handler that sets what its own thread waits for may wait for itself.
            while not stopping.is_set():
                time.sleep(LOOK_SECONDS)
                for child in children:
                    child.keep_alive()
                if not told and (told := _answers(settings)):
                    host = f"[{settings.host}]" if ":" in settings.host else settings.host
                    print(
                        f"Cellsmith listens on http://{host}:{settings.port}, data in {settings.data_dir}", flush=True
                    )
        finally:
            _stop([child.process for child in children], settings.data_dir)


def _answers(settings: Settings) -> bool:
    try:
        with socket.create_connection((settings.host, settings.port), timeout=1):
            return True
    except OSError:
        return False


class _Child:
    """A part of the service in a process of its own, which is started again when it dies.

    One that is killed from outside, however often, is not one that cannot start; nor is one that has worked before:
    what it misses now may come back, and it is tried again with pauses.
    """

    def __init__(self, part: str) -> None:
        self._part = part
        self._early_ends = 0
        self._has_worked = False
        self._again_at: float | None = None
        self._start()

    def keep_alive(self) -> None:
        """Starts it again if it has died; CannotStart where it never lives long enough, time after time."""
        now = time.monotonic()
        is_early = now - self._started < EARLY_SECONDS
        if self.process.poll() is None:
            self._has_worked |= not is_early
        elif self._again_at is None:
            self._again_at = now + self._pause(is_early)
            log.warning("%s ended with %s; starting it again", self._part, self.process.returncode)
        if self._again_at is not None and now >= self._again_at:
            self._start()

    def _pause(self, is_early: bool) -> float:
        """How long to wait after an end: not at all, but where it could not start though it has before."""
        self._early_ends = self._early_ends + 1 if is_early and self.process.returncode in COULD_NOT_START else 0
        if self._early_ends >= MOST_EARLY_ENDS and not self._has_worked:
            raise CannotStart(f"The {self._part} ends as soon as it is started; the lines above say why.")
        if is_early and self.process.returncode == TRY_AGAIN:
            return TRY_AGAIN_SECONDS
        return min(MOST_PAUSE_SECONDS, 2.0**self._early_ends - 1) if self._has_worked else 0.0

    def _start(self) -> None:
        self._again_at = None
        self._started = time.monotonic()
        environment = os.environ | {PARENT: str(os.getpid())}
        self.process = subprocess.Popen([*PROGRAM, self._part], env=environment, stdin=subprocess.DEVNULL)


def _stop(children: list[subprocess.Popen[bytes]], data_dir: Path) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            end_leftovers(data_dir)
            remove_scratch(data_dir)
