"""The front of a job."""

from __future__ import annotations

from typing import Self

from api.schemas.base import Told
from service.domain.job import JobState
from service.domain.objectives import METRICS, Objective
from service.usecases.front import FrontPoint, JobFront


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
    """A trial that no other trial beats. The interval holds the median latency with 95 %; accuracy is a share."""

    number: int
    key: str
    accuracy: float
    latency_ms: float
    latency_interval_ms: tuple[float, float]
    latency_ratio: float
    device: str
    params: int
    macs: int
    reused: bool
    knee: bool

    @classmethod
    def of(cls, point: FrontPoint, knee: bool) -> Self:
        """A member of a front."""
        result = point.result
        return cls(
            number=point.trial.number,
            key=point.trial.proposal.genotype.key,
            accuracy=result.accuracy,
            latency_ms=result.latency.median_ms,
            latency_interval_ms=result.latency.interval_ms,
            latency_ratio=result.latency.ratio,
            device=result.latency.device,
            params=result.params,
            macs=result.macs,
            reused=point.trial.reused,
            knee=knee,
        )


class HypervolumeRead(Told):
    """What the front covers, measured from `reference`: metric -> value in its own unit."""

    value: float
    reference: dict[str, float]


class FrontRead(Told):
    """The front as it is now. `knee` is the number of the best compromise, null for fewer than three points."""

    job: int
    state: JobState
    objectives: list[ObjectiveRead]
    points: list[PointRead]
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
            knee=front.knee,
            hypervolume=HypervolumeRead(
                value=front.hypervolume, reference=dict(zip(metrics, front.reference, strict=True))
            ),
        )
