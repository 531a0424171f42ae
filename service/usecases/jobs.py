"""What a user may do with a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from service.domain.errors import Invalid, NotFound
from service.domain.job import Job, JobSpec, JobState
from service.domain.limits import latency_objective
from service.domain.objectives import losses
from service.domain.progress import Progress, progress
from service.ports import Store, UnitOfWork
from service.usecases import reach
from service.usecases.architectures import called
from service.usecases.datasets import named
from service.usecases.devices import LOCAL
from service.usecases.memory import memory_of


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job, how far it is, and how many trials are on its front.

    `best_accuracy` is a share, that of the best fully trained trial that keeps every limit.
    """

    job: Job
    progress: Progress
    front: int
    best_accuracy: float | None


def submit(
    spec: JobSpec,
    work: UnitOfWork,
    key: str | None = None,
    body_hash: str = "",
    seed_with: Sequence[str] = (),
    reading: UnitOfWork | None = None,
) -> Job:
    """A new queued job; Invalid where the service cannot do it, and then nothing is stored.

    It tries first the cells `seed_with`, named as published ones or by the keys of registered ones, then the front of
    the job that it reuses. The same idempotency `key` with the same `body_hash` gives the job it made before, another
    hash KeyReused. All that is looked up goes through `reading`, where there is such a way: it takes no writer's lock.
    """
    reading = reading or work
    if key is not None:
        with reading() as store:
            if made := store.job_of_key(key, body_hash):
                return made  # whatever has become known since then
    spec = checked(spec, reading, seed_with)
    with work() as store:
        for genotype in spec.seed_with:
            store.add_genotype(genotype)
        return store.add_job(spec, key, body_hash)


def checked(spec: JobSpec, work: UnitOfWork, seed_with: Sequence[str] = ()) -> JobSpec:
    """The job with all cells that it tries first; Invalid where the service cannot do it. Nothing is stored."""
    dataset = named(spec.dataset)
    latency = latency_objective(spec.objectives)
    with work() as store:
        profiles = store.devices()
        limited = latency is not None and latency.limit is not None
        measured = store.latencies(spec.device, spec.skeleton, reach.MOST_MEASURED) if limited else ()
    _refuse_what_is_not_here(spec, profiles)
    reach.refuse_out_of_reach(spec, profiles, measured)
    with work() as store:
        given = [_named(name, f"seed_with.{index}", spec, store) for index, name in enumerate(seed_with)]
        if spec.reuse is not None:
            front = [genotype for genotype in _front_of(spec.reuse, spec, store, work) if genotype not in given]
            given += front[: max(0, spec.budget.trials - len(given))]
    return replace(spec, seed_with=tuple(given), data_sha256=dataset.sha256)


def _front_of(id: int, spec: JobSpec, store: Store, work: UnitOfWork) -> list[Genotype]:
    """The cells on the front of a job, best at its first objective first, as far as they can stand in this one's.

    Invalid where there are none.
    """
    try:
        job = store.job(id)
    except NotFound as error:
        raise Invalid("reuse", str(error)) from error
    numbers = memory_of(work).measurements(job, store).front_under(None, job.spec.objectives)
    found = [(trial.full_result, trial.proposal.genotype) for trial in store.trials(id, numbers=numbers)]
    best_first = sorted(
        ((losses(job.spec.objectives, result), genotype) for result, genotype in found if result),
        key=lambda each: each[0],
    )
    if not best_first:
        raise Invalid("reuse", f"Job {id} has no front yet: no cell is fully trained and keeps every limit.")
    genotypes = [genotype for _, genotype in best_first if _stands(genotype, spec.skeleton)]
    if not genotypes:
        raise Invalid("reuse", f"No cell of job {id} can stand in this job's skeleton: give it more channels.")
    return list(dict.fromkeys(genotypes))


def _stands(genotype: Genotype, skeleton: Skeleton) -> bool:
    try:
        cost(Architecture(genotype, skeleton))
    except ValueError:
        return False
    return True


def _named(name: str, field: str, spec: JobSpec, store: Store) -> Genotype:
    """A published cell by its name, or a registered one by its key; Invalid where there is neither, or it is too wide.

    That is, where the skeleton is too narrow for an operator; the message says how wide it must be.
    """
    try:
        genotype = called(name, store)
        cost(Architecture(genotype, spec.skeleton))
    except NotFound as error:
        raise Invalid(field, str(error)) from error
    except ValueError as error:
        raise Invalid(field, f"Cell {name} cannot stand in this job's skeleton: {error}.") from error
    return genotype


def _refuse_what_is_not_here(spec: JobSpec, profiles: Mapping[str, Mapping[str, Any]]) -> None:
    """Invalid for data, devices and resources that this service has not got."""
    if absence := named(spec.dataset).absence():
        raise Invalid("dataset", absence)
    for index, objective in enumerate(spec.objectives):
        if objective.device not in (None, LOCAL):
            raise Invalid(f"objectives.{index}.device", f"Unknown device {objective.device!r}; use {LOCAL!r}.")
    if spec.resources.gpus:
        raise Invalid("resources.gpus", "Networks are trained on processors here; use 0.")
    here = profiles.get(LOCAL, {})
    cores, given = here.get("cores"), here.get("processors")
    if cores is not None and spec.resources.cpus > cores:
        raise Invalid("resources.cpus", f"This machine has {cores} processors; use {cores} or fewer a worker.")
    if given is not None and spec.resources.cpus > given:
        told = f"Evaluations may use {given} processors here (CELLSMITH_WORKERS); use {given} or fewer a worker."
        raise Invalid("resources.cpus", told)


def get(id: int, work: UnitOfWork) -> JobStatus:
    """A job and how far it is; NotFound where there is none."""
    with work() as store:
        job, memory = store.job(id), memory_of(work)
        tally, measured = memory.tally(job, store), memory.measurements(job, store)
    return JobStatus(job, progress(job, tally), len(measured.front), measured.best_accuracy)


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
