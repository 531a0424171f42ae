"""The best finds of all jobs."""

from __future__ import annotations

from typing import Self

from api.schemas.base import Told
from service.usecases.best import Find


class FindRead(Told):
    """A network, what was measured of it, and where it comes from."""

    key: str
    job: int
    trial: int
    accuracy: float
    latency_ms: float
    params: int
    macs: int
    channels: int
    cells_per_stage: int
    epochs: int
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
            channels=spec.skeleton.channels,
            cells_per_stage=spec.skeleton.cells_per_stage,
            epochs=spec.recipe.epochs,
            seed=spec.seed,
        )
