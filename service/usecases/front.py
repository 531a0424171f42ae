"""The front of a job: the trials that keep its limits and that no other trial beats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.domain import front as fronts
from service.domain.front import Losses
from service.domain.job import Job
from service.domain.objectives import Objective, keeps_limits, losses
from service.domain.trial import Trial
from service.ports import UnitOfWork
from workers.messages import Evaluated


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A trial of the front with its result at full fidelity."""

    trial: Trial
    result: Evaluated


@dataclass(frozen=True, slots=True)
class JobFront:
    """A front, ordered by the job's last objective (fastest first), also while the search goes on.

    `knee` is the number of the trial that is the best compromise. `hypervolume` is what the front covers up to
    `reference`, which has one value an objective, in the metric's own unit and direction.
    """

    job: Job
    points: tuple[FrontPoint, ...]
    knee: int | None
    hypervolume: float
    reference: tuple[float, ...]


def of_job(job_id: int, work: UnitOfWork, max_latency_ms: float | None = None) -> JobFront:
    """The front of a recorded job, as `of` makes it; NotFound where there is no such job."""
    with work() as store:
        return of(store.job(job_id), store.trials(job_id), max_latency_ms)


def of(job: Job, trials: Iterable[Trial], max_latency_ms: float | None = None) -> JobFront:
    """The front over the job's objectives, of those of its `trials` that are no slower than `max_latency_ms`."""
    objectives = job.spec.objectives
    full = [FrontPoint(trial, trial.full_result) for trial in trials if trial.full_result]
    worst = _reference(objectives, [losses(objectives, point.result) for point in full])
    kept = [
        point
        for point in full
        if keeps_limits(objectives, point.result)
        and (max_latency_ms is None or point.result.latency.median_ms <= max_latency_ms)
    ]
    members = [kept[index] for index in fronts.nondominated([losses(objectives, point.result) for point in kept])]
    members.sort(key=lambda point: losses(objectives, point.result)[::-1])
    covered = [losses(objectives, point.result) for point in members]
    bend = fronts.knee(covered)
    return JobFront(
        job=job,
        points=tuple(members),
        knee=None if bend is None else members[bend].trial.number,
        hypervolume=fronts.hypervolume(covered, worst),
        reference=tuple(0.0 - loss if o.maximise else loss for o, loss in zip(objectives, worst, strict=True)),
    )


def _reference(objectives: Sequence[Objective], points: Sequence[Losses]) -> Losses:
    """The point that the hypervolume is measured from, as losses.

    Nothing for what is maximised; the limit for what is minimised, or a tenth above the worst trial where there is
    no limit. So the measure grows with the front, and two fronts of one job compare where limits are given.
    """
    return tuple(
        0.0 if objective.maximise else objective.limit or 1.1 * max((point[index] for point in points), default=1.0)
        for index, objective in enumerate(objectives)
    )
