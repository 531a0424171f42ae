"""The best finds of all jobs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Self

from api.schemas.base import Told
from api.schemas.job_create import SkeletonChoice, TrainingChoice
from service.usecases.best import Find


class FindRead(Told):
    """A network, what was measured of it, and where it comes from: which job, with which skeleton and training."""

    key: str
    job: int
    trial: int
    accuracy: float
    latency_ms: float
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
            latency_ms=result.latency.median_ms,
            params=result.params,
            macs=result.macs,
            peak_memory_mb=result.peak_memory_mb,
            skeleton=SkeletonChoice(**SkeletonChoice.choices_of(spec.skeleton)),
            training=TrainingChoice(**asdict(spec.recipe)),
            seed=spec.seed,
        )
