"""What a user may do with a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.published import published
from service.domain.errors import Invalid, NotFound
from service.domain.job import Job, JobSpec, JobState
from service.domain.progress import Progress, progress
from service.ports import Store, UnitOfWork
from service.usecases import reach
from service.usecases.measured import memory_of
from workers.data.catalogue import DATASETS

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job, how far it is, and how many trials are on its front."""

    job: Job
    progress: Progress
    front: int


def submit(
    spec: JobSpec, work: UnitOfWork, key: str | None = None, body_hash: str = "", seed_with: Sequence[str] = ()
) -> Job:
    """A new queued job; Invalid where the service cannot do it, and then nothing is stored.

    It tries first the cells `seed_with`, named as published ones or by the keys of registered ones.

    The same idempotency `key` with the same `body_hash` gives the job it made before, another hash KeyReused.
    """
    if spec.dataset not in DATASETS:
        raise Invalid("dataset", f"Unknown data set {spec.dataset!r}; use one of {', '.join(DATASETS)}.")
    with work() as store:
        profiles = store.devices()
    _refuse_what_is_not_here(spec, profiles)
    reach.refuse_out_of_reach(spec, profiles)
    with work() as store:
        given = tuple(_named(name, f"seed_with.{index}", spec, store) for index, name in enumerate(seed_with))
        spec = replace(spec, seed_with=given)
        for genotype in given:
            store.add_genotype(genotype)
        return store.add_job(spec, key, body_hash)


def _named(name: str, field: str, spec: JobSpec, store: Store) -> Genotype:
    """A published cell by its name, or a registered one by its key; Invalid where there is neither, or it is too wide.

    That is, where the skeleton is too narrow for an operator; the message says how wide it must be.
    """
    try:
        genotype = published[name] if name in published else store.genotype(name)
        cost(Architecture(genotype, spec.skeleton))
    except NotFound as error:
        known = ", ".join(published)
        raise Invalid(field, f"{name!r} is no key of POST /v1/architectures, and none of {known}.") from error
    except ValueError as error:
        raise Invalid(field, f"Cell {name} cannot stand in this job's skeleton: {error}.") from error
    return genotype


def _refuse_what_is_not_here(spec: JobSpec, profiles: Mapping[str, Mapping[str, Any]]) -> None:
    """Invalid for data, devices and resources that this service has not got."""
    if absence := DATASETS[spec.dataset].absence():
        raise Invalid("dataset", absence)
    for index, objective in enumerate(spec.objectives):
        if objective.device not in (None, LOCAL):
            raise Invalid(f"objectives.{index}.device", f"Unknown device {objective.device!r}; use {LOCAL!r}.")
    if spec.resources.gpus:
        raise Invalid("resources.gpus", "Networks are trained on processors here; use 0.")
    cores = profiles.get(LOCAL, {}).get("cores")
    if cores is not None and spec.resources.cpus > cores:
        raise Invalid("resources.cpus", f"This machine has {cores} processors; use {cores} or fewer a worker.")


def get(id: int, work: UnitOfWork) -> JobStatus:
    """A job and how far it is; NotFound where there is none."""
    with work() as store:
        job, trials = store.job(id), store.trials(id)
        on_front = memory_of(work).candidates(job, store).numbers
    return JobStatus(job, progress(job, trials), len(on_front))


def newest(work: UnitOfWork, before: int | None = None, limit: int = 50, states: Iterable[JobState] = ()) -> list[Job]:
    """Jobs, newest first, those with an id below `before`; of any state where none is named."""
    with work() as store:
        return store.jobs(before, limit, states)


def cancel(id: int, work: UnitOfWork) -> Job:
    """Stops a search for good; what it has measured stays. Conflict where it has ended already."""
    return _moved(id, JobState.CANCELLED, work)


def pause(id: int, work: UnitOfWork) -> Job:
    """Stops a search until it is resumed; Conflict where it neither waits nor runs."""
    return _moved(id, JobState.PAUSED, work)


def resume(id: int, work: UnitOfWork) -> Job:
    """Queues a paused search again; Conflict where it is not paused."""
    return _moved(id, JobState.QUEUED, work)


def _moved(id: int, state: JobState, work: UnitOfWork) -> Job:
    with work() as store:
        return store.move_job(id, state)
