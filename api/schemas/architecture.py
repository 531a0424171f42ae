"""Architectures: cells by their key, what they cost, where they were tried."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.base import Asked, Label, Told
from api.schemas.job_create import SKELETON
from search_space.cost import cost
from search_space.foreign import from_darts, from_nas_bench_201, from_nni
from search_space.genotype import Genotype, InvalidGenotype
from search_space.network import Architecture
from search_space.regularisation import Auxiliary, DropPath
from search_space.skeleton import Norm, Skeleton, StemName, skeletons, stages_for
from service.domain.errors import Invalid
from service.usecases.architectures import Known
from workers.data.catalogue import DATASETS


class ArchitectureCreate(Asked):
    """A genotype of one's own: the JSON that the other answers show, or as other tools write it.

    A config.json of an export may be given whole. DARTS and NAS-Bench-201 write text, NNI an object.
    """

    genotype: dict[str, Any] | str
    format: Literal["cellsmith", "darts", "nas-bench-201", "nni"] = "cellsmith"

    def to_genotype(self) -> Genotype:
        """Invalid where this is no genotype of its format."""
        try:
            match self.format, self.genotype:
                case "darts", str(text):
                    return from_darts(text)
                case "nas-bench-201", str(text):
                    return from_nas_bench_201(text)
                case "nni", dict(fields):
                    return from_nni(fields)
                case "cellsmith", dict(fields):
                    return Genotype.from_json(json.dumps(fields.get("genotype", fields)))
            kind = "an object" if self.format in ("cellsmith", "nni") else "text"
            raise Invalid("genotype", f"A genotype of format {self.format!r} is {kind}.")
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
    stages: int | None = None
    stem: StemName = SKELETON.stem
    norm: Norm = SKELETON.norm
    dropout: float = SKELETON.dropout
    auxiliary: Annotated[bool, Field(description="An auxiliary head in the training form.")] = False
    drop_path: Annotated[float | None, Field(description="The share of paths dropped at the end of training.")] = None

    def to_skeleton(self) -> Skeleton:
        """Invalid where the data set is not known or the images are too small."""
        if self.dataset is not None and self.dataset not in DATASETS:
            raise Invalid("dataset", f"Unknown data set {self.dataset!r}; use one of {', '.join(DATASETS)}.")
        known = DATASETS[self.dataset] if self.dataset else SKELETON
        channels, height, width = map(int, self.input.split(",")) if self.input else known.input_shape
        shape = (channels, height, width)
        try:
            return Skeleton(
                shape,
                known.classes if self.classes is None else self.classes,
                self.channels,
                self.cells_per_stage,
                stages_for(shape) if self.stages is None else self.stages,
                stem=self.stem,
                norm=self.norm,
                dropout=self.dropout,
                auxiliary=Auxiliary() if self.auxiliary else None,
                drop_path=None if self.drop_path is None else DropPath(1 - self.drop_path),
            )
        except ValueError as error:
            raise Invalid("skeleton", str(error)) from error


def _cost(genotype: Genotype, skeleton: Skeleton) -> CostRead:
    total = cost(Architecture(genotype, skeleton))
    return CostRead(params=total.params, macs=total.macs)
