"""The parts of the service, each the whole life of one process: the API, the scheduler, a worker."""

from __future__ import annotations

import logging
import os
import signal
import sys

import uvicorn

from service.domain.errors import CannotStart
from service.endings import TRY_AGAIN, end_with_parent, on_stop
from service.entrance import open_record, refuse_absent_data, refuse_taken_port
from service.leftovers import end_leftovers, new_scratch, remove_scratch
from service.locks import SCHEDULER_LOCK, only_one
from service.pulse import Pulse
from service.settings import Settings

log = logging.getLogger(__name__)


def migrate(settings: Settings) -> None:
    """Brings the database to this version's schema."""
    open_record(settings)


def run_api(settings: Settings) -> None:
    """Serves HTTP until it is stopped. Loads neither torch nor ray nor optuna."""
    refuse_absent_data()
    refuse_taken_port(settings.host, settings.port)
    open_record(settings)
    end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    # The floor above is named, not imported: `api` depends on `service`, never the other way.
    uvicorn.run(
        "api.app:create", factory=True, host=settings.host, port=settings.port, log_level="warning", access_log=False
    )


def run_scheduler(settings: Settings) -> None:
    """Drives jobs on a local Ray until it is stopped."""
    refuse_absent_data()
    work, reading = open_record(settings)
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
        on_stop(sys.exit)  # until there is something to end in good order
        try:
            try:
                tune_folder, ray_folder = new_scratch(settings.data_dir)
                runner = scheduler(settings, work, reading, tune_folder)
            except OSError as error:
                log.error("the scheduler's files cannot be written: %s", error)
                sys.exit(TRY_AGAIN)
            try:
                if settings.ray_address:
                    _refuse_taken_address(settings.ray_address)
                    head = cluster.lead(settings.ray_address, settings.workers, ray_folder)
                    join_ray(cluster.answering(settings.ray_address, head))
                else:
                    start_ray(settings.workers, ray_folder)
            except CannotStart:
                raise
            except Exception:  # whatever it is that Ray raises where it dies while it begins
                log.exception("Ray did not begin")
                sys.exit(TRY_AGAIN)
            on_stop(runner.stop)  # after Ray, which brings handlers of its own
            end_with_parent(runner.stop)
            with Pulse(
                work,
                holder_of(settings),
                beat_seconds=settings.beat_seconds,
                lease_seconds=settings.lease_seconds,
                ray_lives=ray_lives if head is None else lambda: head.poll() is None,
                gone=lambda: os._exit(TRY_AGAIN),  # who waits for Ray would wait long; the next one takes up its job
            ):
                # Machines that join may have more than this one.
                record_device(work, None if settings.ray_address else settings.workers)
                log.info("ready: %d workers", settings.workers)
                runner.run()
        finally:
            stop_ray()
            if head is not None:
                head.terminate()
            end_leftovers(settings.data_dir)
            remove_scratch(settings.data_dir)


def _refuse_taken_address(address: str) -> None:
    host, _, port = address.rpartition(":")
    refuse_taken_port(host, int(port), "CELLSMITH_RAY_ADDRESS", "CELLSMITH_RAY_ADDRESS")


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
        remedy = "start the scheduler first, or set CELLSMITH_RAY_ADDRESS"
        raise CannotStart(f"Nobody answers at {settings.ray_address} ({error}): {remedy}.") from error


def _refuse_unshared_token() -> None:
    """A token of one's own, which is the default, nobody else would know."""
    if not os.environ.get("RAY_AUTH_TOKEN"):
        raise CannotStart("Set RAY_AUTH_TOKEN to one secret for the scheduler and its workers.")
