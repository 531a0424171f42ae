"""The processes of a service on one machine: starting them, keeping them alive, stopping them."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from service.leftovers import end_leftovers
from service.settings import Settings
from service.store.engine import connect
from service.store.migrate import WrongSchema, upgrade
from service.store.sql import SqlUnitOfWork

log = logging.getLogger(__name__)

STOP_SECONDS = 20.0
EARLY_SECONDS = 20.0
MOST_EARLY_ENDS = 3


class CannotStart(Exception):
    """A process of the service cannot start; the message names the reason in one line."""


def migrate(settings: Settings) -> None:
    """Brings the database to this version's schema."""
    _database(settings)


def run_api(settings: Settings) -> None:
    """Serves HTTP until it is stopped. Loads neither torch nor ray nor optuna."""
    _refuse_taken_port(settings)
    _database(settings)
    _end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    # The floor above is named, not imported: `api` depends on `service`, never the other way.
    uvicorn.run(
        "api.app:create", factory=True, host=settings.host, port=settings.port, log_level="warning", access_log=False
    )


def run_scheduler(settings: Settings) -> None:
    """Drives jobs on a local Ray until it is stopped."""
    engine = _database(settings)
    work, reading = SqlUnitOfWork(engine), SqlUnitOfWork(engine, read_only=True)
    # Everything heavy is loaded by the one process that needs it.
    from service.dispatch.tune import start_ray, stop_ray
    from service.wiring import record_device, scheduler

    with _only_one(settings.data_dir / "scheduler.lock"):
        if ended := end_leftovers(settings.data_dir):
            log.warning("ended %d processes that a killed scheduler had left", ended)
        runner = scheduler(settings, work, reading)
        start_ray(settings.workers)
        _on_stop(runner.stop)  # after Ray, which brings handlers of its own
        _end_with_parent(runner.stop)
        try:
            record_device(work)
            log.info("ready: %d workers", settings.workers)
            runner.run()
        finally:
            stop_ray()
            end_leftovers(settings.data_dir)


def run_all(settings: Settings) -> None:
    """The API and the scheduler as children that are restarted when they die, until this process is stopped."""
    _refuse_taken_port(settings)
    _database(settings)
    stopping = threading.Event()
    _on_stop(stopping.set)
    _end_with_parent(stopping.set)
    children = [_Child("api"), _Child("scheduler")]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"Cellsmith listens on http://{host}:{settings.port}, data in {settings.data_dir}", flush=True)
    try:
        while not stopping.wait(0.2):
            for child in children:
                child.keep_alive()
    finally:
        _stop([child.process for child in children])


class _Child:
    """A part of the service in a process of its own, which is started again when it dies."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._early_ends = 0
        self._start()

    def keep_alive(self) -> None:
        """Starts it again if it has died; CannotStart where it does not live long enough, time after time."""
        if self.process.poll() is None:
            return
        lived = time.monotonic() - self._started
        self._early_ends = self._early_ends + 1 if lived < EARLY_SECONDS else 0
        if self._early_ends >= MOST_EARLY_ENDS:
            raise CannotStart(f"The {self._part} ends as soon as it is started; the lines above say why.")
        log.warning("%s ended with %s; starting it again", self._part, self.process.returncode)
        self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        environment = os.environ | {"CELLSMITH_PARENT": str(os.getpid())}
        command = [sys.executable, "-m", "service", self._part]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)


def _database(settings: Settings) -> Engine:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = connect(settings.database)
        upgrade(engine)
    except WrongSchema as error:
        raise CannotStart(str(error)) from error
    except (OSError, DatabaseError) as error:
        reason = str(error).splitlines()[0]
        raise CannotStart(
            f"The database cannot be used: {reason} (CELLSMITH_DATABASE_URL, CELLSMITH_DATA_DIR)"
        ) from error
    return engine


def _refuse_taken_port(settings: Settings) -> None:
    host, port = settings.host, settings.port
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in addresses:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        if getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES):
            raise CannotStart(f"Port {port} on {host} is not free ({reason}): set CELLSMITH_PORT.") from error
        raise CannotStart(f"{host!r} is no address of this machine ({reason}): set CELLSMITH_HOST.") from error


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _on_stop(act: Callable[[], None]) -> None:
    def handle(number: int, frame: FrameType | None) -> None:
        act()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _end_with_parent(act: Callable[[], None]) -> None:
    """A child whose `python -m service` was killed ends too; nothing is left running."""
    parent = int(os.environ.get("CELLSMITH_PARENT", "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        act()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One scheduler a data directory: it may then take back at once what a killed one before it held."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(f"Another scheduler runs on {path.parent}.") from error
        yield
