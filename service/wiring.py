"""Which promise is kept by what, in a running scheduler."""

from __future__ import annotations

import logging
import socket

from service.dispatch.tune import TuneDispatcher, on_a_worker
from service.domain.job import JobSpec
from service.ports import UnitOfWork
from service.runner import Runner
from service.sampling.registry import proposer_for
from service.settings import Settings
from workers.data.load import load
from workers.data.splits import split
from workers.device import profile_device
from workers.evaluate import evaluate

log = logging.getLogger(__name__)


def dispatcher_for(spec: JobSpec) -> TuneDispatcher:
    """Ray workers with the job's data in memory, once a node."""
    return TuneDispatcher(evaluate, split(load(spec.dataset), spec.seed).search)


def scheduler(settings: Settings, work: UnitOfWork, reading: UnitOfWork) -> Runner:
    """A scheduler on this machine. Its name outlives a crash, so that it takes back its own jobs at once."""
    return Runner(
        work,
        reading,
        proposer_for,
        dispatcher_for,
        holder=f"{socket.gethostname()}:{settings.data_dir.resolve()}",
        lease_seconds=settings.lease_seconds,
        beat_seconds=settings.beat_seconds,
    )


def record_device(work: UnitOfWork) -> None:
    """Measures this machine once, in a worker, so that a limit out of its reach is refused at submission."""
    profile = on_a_worker(profile_device)
    with work() as store:
        store.save_device("local", profile)
    log.info("device local: %s", profile)
