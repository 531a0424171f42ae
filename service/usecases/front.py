"""The front of a job: the trials that keep its limits and that no other trial beats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from service.domain import front as fronts
from service.domain.front import Interval, Losses
from service.domain.job import Job
from service.domain.objectives import Objective, keeps_limits, losses
from service.domain.trial import Trial
from service.domain.uncertainty import interval, share_interval
from service.ports import UnitOfWork
from service.usecases.datasets import images_of
from service.usecases.memory import memory_of
from workers.messages import Evaluated


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A trial of the front with its result at full fidelity, which `images` validation images scored.

    `alike` are the numbers of the members that it cannot be told apart from: all their intervals overlap with its own.
    """

    trial: Trial
    result: Evaluated
    images: int
    alike: tuple[int, ...] = ()

    @property
    def accuracy_interval(self) -> Interval:
        """Holds the accuracy with 95 %, as far as the number of images decides."""
        return share_interval(self.result.accuracy, self.images)


@dataclass(frozen=True, slots=True)
class JobFront:
    """A front, by the job's last objective, best first; also while the search goes on.

    `best` is the number of the trial that is best at the first objective: with `max_latency_ms`, the best under so many
    milliseconds. `fastest_ms` is the least latency of the fully trained cells that keep the limits, also of those that
    `max_latency_ms` leaves out. `knee` is the number of the best compromise, None where `service.domain.front.knee`
    finds none. `hypervolume` is what the front covers up to `reference`, which has one value an objective, in the
    metric's own unit and direction.
    """

    job: Job
    points: tuple[FrontPoint, ...]
    best: int | None
    fastest_ms: float | None
    knee: int | None
    hypervolume: float
    reference: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FrontStep:
    """What the front covered after the first `trials` trials."""

    trials: int
    hypervolume: float


@dataclass(frozen=True, slots=True)
class FrontHistory:
    """The trials that made the front cover more, all measured from one `reference`, as in `JobFront`."""

    job: Job
    steps: tuple[FrontStep, ...]
    reference: tuple[float, ...]


def of_job(job_id: int, work: UnitOfWork, max_latency_ms: float | None = None) -> JobFront:
    """The front of a recorded job, as `of` makes it; NotFound where there is no such job."""
    memory = memory_of(work)
    with work() as store:
        job = store.job(job_id)
        # What every trial measures is in memory; those that are on the front alone are read.
        measured = memory.measurements(job, store)
        numbers = measured.front_under(max_latency_ms, job.spec.objectives)
        trials = store.trials(job_id, numbers=numbers) if numbers else []
    return of(job, trials, max_latency_ms, measured.worst, measured.fastest_ms)


def of(
    job: Job,
    trials: Iterable[Trial],
    max_latency_ms: float | None = None,
    worst_of_all: Losses | None = None,
    fastest_of_all_ms: float | None = None,
) -> JobFront:
    """The front over the job's objectives, of those of its `trials` that are no slower than `max_latency_ms`.

    Where `trials` are but those that may be on it, `worst_of_all` has the worst losses of the others as well, and
    `fastest_of_all_ms` the least latency of those that keep the limits.
    """
    objectives = job.spec.objectives
    full = [_point(job, trial, trial.full_result) for trial in trials if trial.full_result]
    others = [] if worst_of_all is None else [worst_of_all]
    worst = _reference(objectives, [*others, *(losses(objectives, point.result) for point in full)])
    keeping = [point for point in full if keeps_limits(objectives, point.result)]
    kept = [point for point in keeping if max_latency_ms is None or point.result.latency.median_ms <= max_latency_ms]
    latencies_ms = [point.result.latency.median_ms for point in keeping]
    latencies_ms += [] if fastest_of_all_ms is None else [fastest_of_all_ms]
    unbeaten = [kept[index] for index in fronts.nondominated([losses(objectives, point.result) for point in kept])]
    members = _each_once(unbeaten)
    members.sort(key=lambda point: losses(objectives, point.result)[::-1])
    covered = [losses(objectives, point.result) for point in members]
    bend = fronts.knee(covered)
    best = min(members, key=lambda point: losses(objectives, point.result), default=None)
    return JobFront(
        job=job,
        points=_with_alike(members, objectives),
        best=None if best is None else best.trial.number,
        fastest_ms=min(latencies_ms, default=None),
        knee=None if bend is None else members[bend].trial.number,
        hypervolume=fronts.hypervolume(covered, worst),
        reference=_in_units(objectives, worst),
    )


def _each_once(points: list[FrontPoint]) -> list[FrontPoint]:
    """A cell that was tried again, in a space with nothing new left, is told by the first trial of it."""
    first = {point.trial.proposal.genotype.key: point for point in reversed(points)}
    return [point for point in points if first[point.trial.proposal.genotype.key] is point]


def history(job_id: int, work: UnitOfWork) -> FrontHistory:
    """How the front of a job grew; NotFound where there is no such job."""
    memory = memory_of(work)
    with work() as store:
        job = store.job(job_id)
        measured = memory.measurements(job, store)
    objectives = job.spec.objectives
    numbers, losses_SO = memory.trace(job, measured).told(measured, objectives)
    reference = _reference(objectives, [] if measured.worst is None else [measured.worst])
    covered = fronts.hypervolumes(losses_SO, reference)
    steps: list[FrontStep] = []
    for number, volume in zip(numbers, covered, strict=True):
        if volume > (steps[-1].hypervolume if steps else 0.0):
            steps.append(FrontStep(number + 1, volume))
    return FrontHistory(
        job=job,
        steps=tuple(steps),
        reference=_in_units(objectives, reference),
    )


def _point(job: Job, trial: Trial, result: Evaluated) -> FrontPoint:
    return FrontPoint(trial, result, images_of(job, result))


def _with_alike(members: Sequence[FrontPoint], objectives: Sequence[Objective]) -> tuple[FrontPoint, ...]:
    """The members, each with those that it cannot be told apart from."""
    intervals = [[interval(own, point.result, point.images) for own in objectives] for point in members]
    numbers = [point.trial.number for point in members]
    return tuple(
        replace(point, alike=tuple(numbers[other] for other in others))
        for point, others in zip(members, fronts.alike(intervals), strict=True)
    )


def _in_units(objectives: Sequence[Objective], point: Losses) -> tuple[float, ...]:
    """Losses as values of their metrics."""
    return tuple(0.0 - loss if o.maximise else loss for o, loss in zip(objectives, point, strict=True))


def _reference(objectives: Sequence[Objective], points: Sequence[Losses]) -> Losses:
    """The point that the hypervolume is measured from, as losses.

    Nothing for what is maximised; the limit for what is minimised, or a tenth above the worst trial where there is
    no limit. So the measure grows with the front, and two fronts of one job compare where limits are given.
    """
    return tuple(
        0.0 if objective.maximise else objective.limit or 1.1 * max((point[index] for point in points), default=1.0)
        for index, objective in enumerate(objectives)
    )
