"""The front of a job."""

from __future__ import annotations

from typing import Self

from api.schemas.base import Told
from service.domain.job import JobState
from service.domain.objectives import METRICS, Objective
from service.usecases.front import FrontHistory, FrontPoint, JobFront


class ObjectiveRead(Told):
    """What the front is best at; every point keeps `limit`, where there is one."""

    metric: str
    unit: str
    maximise: bool
    device: str | None
    limit: float | None

    @classmethod
    def of(cls, objective: Objective) -> Self:
        """An objective with what is known of its metric."""
        return cls(
            metric=objective.metric,
            unit=METRICS[objective.metric].unit,
            maximise=objective.maximise,
            device=objective.device,
            limit=objective.limit,
        )


class PointRead(Told):
    """A trial that no other trial beats. The intervals hold the accuracy, a share, and the latency with 95 %.

    `peak_memory_mb` follows from the description, see a trial's result; null in what was recorded before.
    `alike` are the numbers of the points that it cannot be told apart from: their intervals overlap in every objective.
    """

    number: int
    key: str
    accuracy: float
    accuracy_interval: tuple[float, float]
    latency_ms: float
    latency_interval_ms: tuple[float, float]
    latency_ratio: float
    device: str
    params: int
    macs: int
    peak_memory_mb: float | None
    reused: bool
    knee: bool
    alike: list[int]

    @classmethod
    def of(cls, point: FrontPoint, knee: bool) -> Self:
        """A member of a front."""
        result = point.result
        return cls(
            number=point.trial.number,
            key=point.trial.proposal.genotype.key,
            accuracy=result.accuracy,
            accuracy_interval=point.accuracy_interval,
            latency_ms=result.latency.median_ms,
            latency_interval_ms=result.latency.interval_ms,
            latency_ratio=result.latency.ratio,
            device=result.latency.device,
            params=result.params,
            macs=result.macs,
            peak_memory_mb=result.peak_memory_mb,
            reused=point.trial.reused,
            knee=knee,
            alike=list(point.alike),
        )


class HypervolumeRead(Told):
    """What the front covers, measured from `reference`: metric -> value in its own unit."""

    value: float
    reference: dict[str, float]


class FrontRead(Told):
    """The front as it is now. `best` is the number of the point that is best at the first objective.

    `fastest_ms` is the least latency of the fully trained cells that keep every limit, also of those that
    `max_latency_ms` leaves out. `knee` is the number of the best compromise. It is null for fewer than three
    points, for one objective, and where with two no point lies below the straight line between the ends.
    """

    job: int
    state: JobState
    objectives: list[ObjectiveRead]
    points: list[PointRead]
    best: int | None
    fastest_ms: float | None
    knee: int | None
    hypervolume: HypervolumeRead

    @classmethod
    def of(cls, front: JobFront) -> Self:
        """A front in the words of the routes."""
        objectives = front.job.spec.objectives
        metrics = [objective.metric for objective in objectives]
        return cls(
            job=front.job.id,
            state=front.job.state,
            objectives=[ObjectiveRead.of(objective) for objective in objectives],
            points=[PointRead.of(point, point.trial.number == front.knee) for point in front.points],
            best=front.best,
            fastest_ms=front.fastest_ms,
            knee=front.knee,
            hypervolume=HypervolumeRead(
                value=front.hypervolume, reference=dict(zip(metrics, front.reference, strict=True))
            ),
        )


class StepRead(Told):
    """What the front covered after the first `trials` trials."""

    trials: int
    hypervolume: float


class HistoryRead(Told):
    """The trials that made the front cover more, all measured from `reference`: metric -> value in its own unit."""

    job: int
    state: JobState
    reference: dict[str, float]
    steps: list[StepRead]

    @classmethod
    def of(cls, history: FrontHistory) -> Self:
        """A history in the words of the routes."""
        metrics = [objective.metric for objective in history.job.spec.objectives]
        return cls(
            job=history.job.id,
            state=history.job.state,
            reference=dict(zip(metrics, history.reference, strict=True)),
            steps=[StepRead(trials=step.trials, hypervolume=step.hypervolume) for step in history.steps],
        )
