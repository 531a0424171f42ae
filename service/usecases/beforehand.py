"""What is known of a search before it begins: the size of its space, what its cells cost, how long it will take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from statistics import fmean, median

from search_space.listing import listed
from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from service.domain.ahead import Basis, Recorded, TimeForecast, time_ahead
from service.domain.forecast import favour_of
from service.domain.job import JobSpec, JobState
from service.domain.latency_forecast import LatencyModel, model_for
from service.domain.limits import KNOWN_BEFORE
from service.domain.objectives import METRICS
from service.domain.pace import Pace, Timed, timed
from service.domain.tally import Tally
from service.ports import Store, UnitOfWork
from service.usecases.datasets import named
from service.usecases.reach import MOST_MEASURED, bounded, profile_of, spread

RECENT_JOBS = 100
TRIALS_OF_A_JOB = 100
ENOUGH_REPORTS = 200
TRAINING_IMAGES = 3  # for one that scores: see `workers.data.splits.split`


@dataclass(frozen=True, slots=True)
class Reach:
    """What a metric is over cells drawn by chance, in its own unit.

    It follows from their description, or is predicted by `model` from measured networks.
    """

    metric: str
    lowest: float
    median: float
    highest: float
    model: LatencyModel | None = None

    @property
    def unit(self) -> str:
        return METRICS[self.metric].unit


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known before a search begins. `size` is that of its space; `reaches` are over `samples` cells.

    `different` is how many cells the answers of its space describe; None where they are too many to be listed.
    `keeping` of these keep every limit that can be judged before anything is trained, of latency not by what was
    measured in other skeletons alone; None where there is none.
    """

    size: int
    different: int | None
    samples: int
    keeping: int | None
    reaches: tuple[Reach, ...]
    time: TimeForecast


def outlook(spec: JobSpec, work: UnitOfWork) -> Outlook:
    """What can be said of a job before it begins; nothing is recorded, and nothing is trained."""
    with work() as store:
        profile = profile_of(store.devices(), spec.device)
        measured = store.latencies(spec.device, spec.skeleton, MOST_MEASURED)
        recorded = _recorded(spec, store)
    cells = spread(spec.space, spec.skeleton)
    values = dict(_known_before(spec.space, spec.skeleton))
    reaches = [Reach(metric, *_range(own)) for metric, own in values.items()]
    if model := model_for(spec.device, spec.skeleton, measured):
        latencies_ms = [bounded(model.forecast(cell), cell, profile).milliseconds for cell in cells]
        reaches.append(Reach("latency_ms", *_range(latencies_ms), model))
        if not model.elsewhere:
            values["latency_ms"] = latencies_ms
    images = TRAINING_IMAGES * named(spec.dataset).validation_images
    there_are = listed(spec.space)
    different = None if there_are is None else len(there_are)
    time = time_ahead(spec, fmean(values["macs"]), images, recorded, profile, different)
    return Outlook(spec.space.size, different, len(cells), _keeping(spec, values), tuple(reaches), time)


@lru_cache(maxsize=64)
def _known_before(space: CellSpace, skeleton: Skeleton) -> Mapping[str, Sequence[float]]:
    return {metric: [own(cell) for cell in spread(space, skeleton)] for metric, own in KNOWN_BEFORE.items()}


def _range(values: Sequence[float]) -> tuple[float, float, float]:
    return min(values), median(values), max(values)


def _keeping(spec: JobSpec, values: Mapping[str, Sequence[float]]) -> int | None:
    """How many cells keep the limits on these values; None where no limit is on any of them."""
    limited = [objective for objective in spec.objectives if objective.limit is not None and objective.metric in values]
    if not limited:
        return None
    samples = len(values["macs"])
    return sum(
        all(objective.excess(values[objective.metric][sample]) <= 0 for objective in limited)
        for sample in range(samples)
    )


def _recorded(spec: JobSpec, store: Store) -> Recorded | None:
    """What the newest jobs like this one tell, those in the same skeleton if there are enough of them."""

    def alike(other: JobSpec) -> bool:
        mine = spec.dataset, spec.device, spec.resources.cpus, spec.recipe.batch_size
        return mine == (other.dataset, other.device, other.resources.cpus, other.recipe.batch_size)

    jobs = [job for job in store.jobs(limit=RECENT_JOBS) if job.state is not JobState.QUEUED and alike(job.spec)]
    read = cache(partial(store.trials, limit=TRIALS_OF_A_JOB))
    kinds: tuple[tuple[Basis, Callable[[JobSpec], bool]], ...] = (
        (Basis.RECORDED, lambda other: other.skeleton == spec.skeleton),
        (Basis.RECORDED_ELSEWHERE, lambda _: True),
    )
    for basis, counts in kinds:
        reports: list[Timed] = []
        searches: list[Tally] = []
        for job in jobs:
            if counts(job.spec) and len(reports) < ENOUGH_REPORTS:
                trials = read(job.id)
                searches.append(Tally.of(job.spec, trials))
                reports += timed(trials)
        if pace := Pace.fitted(reports):
            return Recorded(basis, pace, favour_of(searches))
    return None
