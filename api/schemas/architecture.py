"""Architectures: cells by their key, what they cost, where they were tried."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.base import Asked, Label, Told
from api.schemas.job_create import SKELETON, SkeletonChoice
from search_space.cost import cost
from search_space.genotype import Genotype, InvalidGenotype
from search_space.network import Architecture
from search_space.skeleton import Skeleton, skeletons
from service.domain.errors import Invalid
from service.usecases.architectures import Known
from workers.data.catalogue import DATASETS


class ArchitectureCreate(Asked):
    """A genotype of one's own, in the JSON that the other answers show."""

    genotype: dict[str, Any]

    def to_genotype(self) -> Genotype:
        """Invalid where this is no genotype."""
        try:
            return Genotype.from_json(json.dumps(self.genotype))
        except InvalidGenotype as error:
            raise Invalid("genotype", str(error)) from error


class CostRead(Told):
    """What a network costs: trainable parameters, and multiply-accumulates of one image."""

    params: int
    macs: int


class TriedIn(Told):
    """A trial of a job."""

    job: int
    trial: int


class ArchitectureRead(Told):
    """A genotype, what it costs in each named skeleton, and the trials it was tried as."""

    key: str
    genotype: dict[str, Any]
    cost: dict[str, CostRead]
    tried_in: list[TriedIn]

    @classmethod
    def of(cls, known: Known) -> Self:
        """A recorded architecture in the words of the routes."""
        return cls(
            key=known.genotype.key,
            genotype=json.loads(known.genotype.to_json()),
            cost={name: _cost(known.genotype, skeleton) for name, skeleton in skeletons.items()},
            tried_in=[TriedIn(job=job, trial=trial) for job, trial in known.tried_in],
        )


class CodeChoice(BaseModel):
    """The query of the code: for which images and classes, how wide and how deep.

    `dataset` gives the input shape and the classes; `input` and `classes` go before it.
    """

    model_config = ConfigDict(extra="forbid")

    form: Literal["training", "inference"] = "inference"
    dataset: Label | None = None
    input: Annotated[str, Field(pattern=r"^[0-9]{1,4},[0-9]{1,4},[0-9]{1,4}$")] | None = None
    classes: int | None = None
    channels: int = SKELETON.channels
    cells_per_stage: int = SKELETON.cells_per_stage

    def to_skeleton(self) -> Skeleton:
        """Invalid where the data set is not known or the images are too small."""
        if self.dataset is not None and self.dataset not in DATASETS:
            raise Invalid("dataset", f"Unknown data set {self.dataset!r}; use one of {', '.join(DATASETS)}.")
        known = DATASETS[self.dataset] if self.dataset else SKELETON
        channels, height, width = map(int, self.input.split(",")) if self.input else known.input_shape
        size = SkeletonChoice(channels=self.channels, cells_per_stage=self.cells_per_stage)
        return size.to_skeleton((channels, height, width), known.classes if self.classes is None else self.classes)


def _cost(genotype: Genotype, skeleton: Skeleton) -> CostRead:
    total = cost(Architecture(genotype, skeleton))
    return CostRead(params=total.params, macs=total.macs)
