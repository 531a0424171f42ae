"""The best finds of all jobs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Self

from api.schemas.base import Told
from api.schemas.job_create import SkeletonChoice, TrainingChoice
from service.usecases.best import Find


class FindRead(Told):
    """A network, what was measured of it, and where it comes from: which job, with which skeleton and training.

    The intervals hold the accuracy, a share, and the latency with 95 %.
    """

    key: str
    job: int
    trial: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    latency_ms: float
    latency_interval_ms: tuple[float, float]
    device: str
    params: int
    macs: int
    peak_memory_mb: float | None
    skeleton: SkeletonChoice
    training: TrainingChoice
    seed: int

    @classmethod
    def of(cls, find: Find) -> Self:
        """A find in the words of the routes."""
        spec, result = find.job.spec, find.result
        return cls(
            key=find.trial.proposal.genotype.key,
            job=find.job.id,
            trial=find.trial.number,
            accuracy=result.accuracy,
            accuracy_interval=find.accuracy_interval,
            latency_ms=result.latency.median_ms,
            latency_interval_ms=result.latency.interval_ms,
            device=result.latency.device,
            params=result.params,
            macs=result.macs,
            peak_memory_mb=result.peak_memory_mb,
            skeleton=SkeletonChoice(**SkeletonChoice.choices_of(spec.skeleton)),
            training=TrainingChoice(**asdict(spec.recipe)),
            seed=spec.seed,
        )
