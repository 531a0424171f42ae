"""Which promise is kept by what, in a running scheduler."""

from __future__ import annotations

import logging
import socket
import uuid
from pathlib import Path

from service.dispatch.tune import TuneDispatcher, on_a_worker
from service.domain.job import JobSpec
from service.ports import UnitOfWork
from service.runner import Runner
from service.sampling.registry import proposer_for
from service.settings import Settings
from service.usecases.reach import refuse_out_of_reach
from workers.data.load import load
from workers.data.splits import split
from workers.device import profile_device
from workers.evaluate import evaluate

log = logging.getLogger(__name__)


def _dispatcher(spec: JobSpec, reading: UnitOfWork) -> TuneDispatcher:
    """Ray workers with the job's data in memory, once a node; Invalid where a limit turns out to be out of reach."""
    with reading() as store:
        profiles = store.devices()
    # A job that was submitted before this machine was measured is held against it now.
    refuse_out_of_reach(spec, profiles)
    return TuneDispatcher(evaluate, split(load(spec.dataset), spec.seed).search)


def scheduler(settings: Settings, work: UnitOfWork, reading: UnitOfWork) -> Runner:
    """A scheduler on this machine. Its name outlives a crash, so that it takes back its own jobs at once."""
    return Runner(
        work,
        reading,
        proposer_for,
        lambda spec: _dispatcher(spec, reading),
        holder=f"{socket.gethostname()}:{_name(settings.data_dir)}",
        lease_seconds=settings.lease_seconds,
        beat_seconds=settings.beat_seconds,
    )


def _name(data_dir: Path) -> str:
    """A name of this data folder's own, made once: equal paths on two machines are two schedulers."""
    file = data_dir / "scheduler.name"
    if not file.exists():
        file.write_text(uuid.uuid4().hex)
    return file.read_text()


def record_device(work: UnitOfWork) -> None:
    """Measures this machine once, in a worker, so that a limit out of its reach is refused at submission."""
    profile = on_a_worker(profile_device)
    with work() as store:
        store.save_device("local", profile)
    log.info("device local: %s", profile)
