"""Which promise is kept by what, in a running scheduler."""

from __future__ import annotations

import logging
import socket
import uuid
from pathlib import Path

from service.dispatch.local import on_a_worker
from service.dispatch.tune import TuneDispatcher
from service.domain.errors import Invalid
from service.domain.job import JobSpec
from service.domain.shares import Share
from service.leases import Leases
from service.ports import UnitOfWork
from service.runner import Runner
from service.sampling.registry import proposer_for
from service.settings import Settings
from service.usecases.datasets import has_other_content, named
from service.usecases.reach import refuse_out_of_reach
from workers.data.load import DatasetAbsent, load
from workers.data.splits import SearchData, split
from workers.device import profile_device
from workers.evaluate import evaluate

log = logging.getLogger(__name__)


def _dispatcher(spec: JobSpec, reading: UnitOfWork, scratch: Path, share: Share) -> TuneDispatcher:
    """Ray workers with the job's data in memory, once a node; Invalid where a limit turns out to be out of reach."""
    with reading() as store:
        profiles = store.devices()
    # A job that was submitted before this machine was measured is held against it now.
    refuse_out_of_reach(spec, profiles)
    return TuneDispatcher(evaluate, search_data(spec), scratch, share)


def search_data(spec: JobSpec) -> SearchData:
    """What a job's search may see; Invalid where its data are others now, or a part of them lacks a class."""
    dataset = named(spec.dataset)
    if has_other_content(spec, dataset):
        raise Invalid("dataset", f"{dataset.name!r} has another content than when this job was submitted.")
    try:
        data = split(load(spec.dataset), spec.seed).search
    except DatasetAbsent as error:
        raise Invalid("dataset", str(error)) from error
    if lack := data.lacks(dataset.classes):
        part, absent = lack
        told = f"class {dataset.class_names[absent]} has no item in the {part} part"
        raise Invalid("seed", f"With seed {spec.seed}, {told} of {dataset.name}: use another seed.")
    return data


def holder_of(settings: Settings) -> str:
    """The name of this machine's scheduler, which outlives a crash, so that it takes back its own jobs at once."""
    return f"{socket.gethostname()}:{_name(settings.data_dir)}"


def scheduler(settings: Settings, work: UnitOfWork, reading: UnitOfWork, scratch: Path) -> Runner:
    """A scheduler on this machine, Tune's files in `scratch`."""
    leases = Leases(work, reading, holder_of(settings), settings.lease_seconds, settings.beat_seconds)
    # Alone on this machine it knows how many workers there are; otherwise others bring theirs.
    at_once = settings.jobs if settings.ray_address else min(settings.jobs, settings.workers)
    return Runner(leases, proposer_for, lambda spec, share: _dispatcher(spec, reading, scratch, share), at_once)


def _name(data_dir: Path) -> str:
    """A name of this data folder's own, made once: equal paths on two machines are two schedulers."""
    file = data_dir / "scheduler.name"
    if not file.exists():
        whole = file.with_suffix(".new")
        whole.write_text(uuid.uuid4().hex)
        whole.replace(file)  # a name that was written by half would be another's too
    return file.read_text()


def record_device(work: UnitOfWork, processors: int | None) -> None:
    """Measures this machine once, in a worker, so that what is out of its reach is refused at submission.

    So is an evaluation that wants more than `processors`, where it is known how many there can be.
    """
    profile = on_a_worker(profile_device) | ({} if processors is None else {"processors": processors})
    with work() as store:
        store.save_device("local", profile)
    log.info("device local: %s", profile)
