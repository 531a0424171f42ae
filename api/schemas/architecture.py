"""Architectures: cells by their key, what they cost, where they were tried."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.schemas.around_cells import SKELETON, AroundCells
from api.schemas.base import Asked, Label, Told
from search_space.cost import Cost, cost
from search_space.foreign import from_darts, from_nas_bench_201, from_nni
from search_space.genotype import Genotype, InvalidGenotype
from search_space.network import Architecture, suits
from search_space.operators import OPERATORS
from search_space.regularisation import Auxiliary
from search_space.skeleton import Skeleton, skeletons
from service.domain.errors import Invalid
from service.usecases.architectures import Grown, Known
from service.usecases.datasets import named


def _text_or_object(value: object) -> object:
    if not isinstance(value, str | dict):
        raise PydanticCustomError("text_or_object", "Give a JSON object, in braces, or a text in quotes")
    return value


class ArchitectureCreate(Asked):
    """A genotype of one's own: the JSON that the other answers show, or as other tools write it.

    A config.json of an export may be given whole. DARTS and NAS-Bench-201 write text, NNI an object: "nni" where all
    nodes of a cell are its result (PNAS, DARTS), "nni-loose-end" where those are that nothing reads (NASNet, ENAS,
    AmoebaNet).
    """

    genotype: Annotated[dict[str, Any] | str, BeforeValidator(_text_or_object)]
    format: Literal["cellsmith", "darts", "nas-bench-201", "nni", "nni-loose-end"] = "cellsmith"

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
                case "nni-loose-end", dict(fields):
                    return from_nni(fields, merge="loose_end")
                case "cellsmith", dict(fields):
                    return Genotype.from_json(json.dumps(fields.get("genotype", fields)), OPERATORS)
            kind = "text" if self.format in ("darts", "nas-bench-201") else "an object"
            raise Invalid("genotype", f"A genotype of format {self.format!r} is {kind}.")
        except InvalidGenotype as error:
            raise Invalid("genotype", str(error)) from error


class CostRead(Told):
    """What a network costs: trainable parameters, and multiply-accumulates of one input.

    `params` and `macs` are those of the training form, as a job's objectives and limits are; the others those of the
    inference form, in which batch norms and what stands side by side in training are merged into convolutions.
    """

    params: int
    macs: int
    inference_params: int
    inference_macs: int

    @classmethod
    def told(cls, cost: Cost) -> CostRead:
        """What users are told of a cost."""
        return CostRead.model_validate(cost, from_attributes=True)


class LatencyPrediction(Told):
    """A latency that a model predicts; `interval_ms` would have held 90 % of the measured `networks`.

    All of these, or three at least which correct the others, stood in the same skeleton, or none (`elsewhere`). A
    network that `extrapolates` is larger than all of these, and may be further away.
    """

    device: str
    milliseconds: float
    interval_ms: tuple[float, float]
    networks: int
    extrapolates: bool
    elsewhere: bool


class AuxiliaryRead(Told):
    """What an auxiliary head costs in training, beside its network; the inference form has none."""

    params: int
    macs: int


class GrownRead(CostRead):
    """The cost of a cell in one network, and its predicted latency, null where too few networks were measured.

    `auxiliary` is what the auxiliary head has beside `params` and `macs`; null where none is asked for.
    """

    auxiliary: AuxiliaryRead | None
    predicted_latency: LatencyPrediction | None

    @classmethod
    def of(cls, grown: Grown) -> Self:
        """What was worked out, in the words of the routes."""
        latency = None if grown.latency is None else LatencyPrediction(**asdict(grown.latency))
        more = grown.auxiliary
        head = None if more is None else AuxiliaryRead(params=more.params, macs=more.macs)
        return cls(**CostRead.told(grown.cost).model_dump(), auxiliary=head, predicted_latency=latency)


class TriedIn(Told):
    """A trial of a job."""

    job: int
    trial: int


class ArchitectureRead(Told):
    """A genotype, what it costs in each named skeleton that it suits, and the trials it was tried as."""

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
            cost={
                name: _cost(known.genotype, skeleton)
                for name, skeleton in skeletons.items()
                if suits(known.genotype, skeleton)
            },
            tried_in=[TriedIn(job=job, trial=trial) for job, trial in known.tried_in],
        )


class CodeChoice(AroundCells):
    """The query of the code: for which inputs and classes, how wide and how deep, and of what kind.

    `dataset` gives the input shape and the classes; `input` and `classes` go before it.
    """

    model_config = ConfigDict(extra="forbid")

    form: Literal["training", "inference"] = "inference"
    device: Annotated[Label, Field(description="Whose measured networks predict the latency.")] = "local"
    dataset: Label | None = None
    input: (
        Annotated[
            str,
            Field(
                pattern=r"^[0-9]{1,4}(,[0-9]{1,5}){1,3}$",
                description="Channels and height, width; for signals channels, length; or depth, height, width.",
            ),
        ]
        | None
    ) = None
    classes: int | None = None
    auxiliary: Annotated[bool, Field(description="An auxiliary head in the training form.")] = False

    def to_skeleton(self) -> Skeleton:
        """Invalid where the data set is not known or the images are too small."""
        known = SKELETON if self.dataset is None else named(self.dataset)
        shape = tuple(map(int, self.input.split(","))) if self.input else known.input_shape
        classes = known.classes if self.classes is None else self.classes
        try:
            return self.skeleton_for(shape, classes, auxiliary=Auxiliary() if self.auxiliary else None)
        except ValueError as error:
            raise Invalid(_blamed(str(error)), str(error)) from error


def _blamed(told: str) -> str:
    """The first parameter that a sentence about a skeleton names; else it is about the input."""
    words = re.findall(r"\w+", told.replace("input_shape", "input"))
    return next((word for word in words if word in CodeChoice.model_fields), "input")


def _cost(genotype: Genotype, skeleton: Skeleton) -> CostRead:
    return CostRead.told(cost(Architecture(genotype, skeleton)))
