"""The processes of a service on one machine: starting them, keeping them alive, stopping them."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from service.domain.errors import CannotStart, RecordUnusable
from service.leftovers import end_leftovers, new_scratch, remove_scratch
from service.locks import SCHEDULER_LOCK, SERVICE_LOCK, only_one, refuse_second
from service.pulse import Pulse
from service.settings import Settings
from service.store.engine import connect, told_in_one_line
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork

log = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "service")
STOP_SECONDS = 20.0
EARLY_SECONDS = 20.0
COULD_NOT_START = 1
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
MOST_EARLY_ENDS = 3


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
    work, reading = _database(settings)
    with only_one(settings.data_dir, SCHEDULER_LOCK):
        # Everything heavy is loaded by the one process that needs it.
        if settings.ray_address:
            _refuse_unshared_token()
        from service.dispatch import cluster

        if settings.ray_address:
            cluster.be_one_of_several()
        from service.dispatch.local import join_ray, ray_lives, start_ray, stop_ray
        from service.wiring import holder_of, record_device, scheduler

        if ended := end_leftovers(settings.data_dir):
            log.warning("ended %d processes that a killed scheduler had left", ended)
        head = None
        _on_stop(sys.exit)  # until there is something to end in good order
        try:
            tune_folder, ray_folder = new_scratch(settings.data_dir)
            runner = scheduler(settings, work, reading, tune_folder)
            if settings.ray_address:
                head = cluster.lead(settings.ray_address, settings.workers, ray_folder)
                join_ray(cluster.answering(settings.ray_address, head))
            else:
                start_ray(settings.workers, ray_folder)
            _on_stop(runner.stop)  # after Ray, which brings handlers of its own
            _end_with_parent(runner.stop)
            with Pulse(
                work,
                holder_of(settings),
                beat_seconds=settings.beat_seconds,
                lease_seconds=settings.lease_seconds,
                ray_lives=ray_lives if head is None else lambda: head.poll() is None,
                gone=lambda: os._exit(TRY_AGAIN),  # who waits for Ray would wait long; the next one takes up its job
            ):
                record_device(work)
                log.info("ready: %d workers", settings.workers)
                runner.run()
        finally:
            stop_ray()
            if head is not None:
                head.terminate()
            end_leftovers(settings.data_dir)
            remove_scratch(settings.data_dir)


def run_worker(settings: Settings) -> None:
    """Does evaluations for the scheduler whose Ray is at CELLSMITH_RAY_ADDRESS, until it is stopped."""
    if not settings.ray_address:
        raise CannotStart("There is nobody to work for: set CELLSMITH_RAY_ADDRESS to HOST:PORT, as for the scheduler.")
    _refuse_unshared_token()
    from service.dispatch import cluster

    cluster.be_one_of_several()
    try:
        cluster.join(settings.ray_address, settings.workers)
    except OSError as error:
        raise CannotStart(f"{settings.ray_address} is not found ({error}): set CELLSMITH_RAY_ADDRESS.") from error


def _refuse_unshared_token() -> None:
    """A token of one's own, which is the default, nobody else would know."""
    if not os.environ.get("RAY_AUTH_TOKEN"):
        raise CannotStart("Set RAY_AUTH_TOKEN to one secret for the scheduler and its workers.")


def run_all(settings: Settings) -> None:
    """The API and the scheduler as children that are restarted when they die, until this process is stopped."""
    refuse_second(settings.data_dir)
    _refuse_taken_port(settings)
    _database(settings)
    with only_one(settings.data_dir, SERVICE_LOCK):
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
            _stop([child.process for child in children], settings.data_dir)


class _Child:
    """A part of the service in a process of its own, which is started again when it dies.

    One that is killed from outside, however often, is not one that cannot start.
    """

    def __init__(self, part: str) -> None:
        self._part = part
        self._early_ends = 0
        self._start()

    def keep_alive(self) -> None:
        """Starts it again if it has died; CannotStart where it does not live long enough, time after time."""
        if self.process.poll() is None:
            return
        lived = time.monotonic() - self._started
        told_why = self.process.returncode == COULD_NOT_START and lived < EARLY_SECONDS
        self._early_ends = self._early_ends + 1 if told_why else 0
        if self._early_ends >= MOST_EARLY_ENDS:
            raise CannotStart(f"The {self._part} ends as soon as it is started; the lines above say why.")
        log.warning("%s ended with %s; starting it again", self._part, self.process.returncode)
        self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        environment = os.environ | {"CELLSMITH_PARENT": str(os.getpid())}
        self.process = subprocess.Popen([*PROGRAM, self._part], env=environment, stdin=subprocess.DEVNULL)


def _database(settings: Settings) -> tuple[SqlUnitOfWork, SqlUnitOfWork]:
    """The record at this version's schema, to write and to read alone."""
    try:
        with told_in_one_line():
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            engine = connect(settings.database)
            upgrade(engine)
    except RecordUnusable as error:
        raise CannotStart(
            f"The database cannot be used: {error} (CELLSMITH_DATABASE_URL, CELLSMITH_DATA_DIR)"
        ) from error
    return SqlUnitOfWork(engine), SqlUnitOfWork(engine, read_only=True)


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
