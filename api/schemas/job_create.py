"""The job as its user writes it; only `dataset` is required."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import Annotated, Literal, Self

from pydantic import Field

from api.schemas.base import Asked, Label
from search_space.presets import spaces
from search_space.skeleton import Skeleton, skeletons, stages_for
from search_space.space import CellSpace
from service.domain.errors import Invalid
from service.domain.job import Budget, EarlyStopping, JobSpec, Resources, Sampler
from service.domain.objectives import Objective
from workers.data.catalogue import DATASETS
from workers.messages import Recipe

RECIPE, SKELETON = Recipe(), skeletons["tiny"]
BUDGET, RESOURCES, SAMPLER, EARLY_STOPPING = Budget(), Resources(), Sampler(), EarlyStopping()


class SpaceChoice(Asked):
    """Where to search: a named space, with fewer operators or another number of nodes if these are given."""

    preset: Label = "nasnet"
    operators: list[Label] | None = None
    nodes: int | None = None

    def to_space(self) -> CellSpace:
        """Invalid where there is no such space or it cannot be restricted so."""
        if self.preset not in spaces:
            raise Invalid("space.preset", f"Unknown space {self.preset!r}; use one of {', '.join(spaces)}.")
        try:
            return spaces[self.preset].restricted(self.operators, self.nodes)
        except ValueError as error:
            raise Invalid("space", f"{error}. GET /v1/spaces shows the operators of each space.") from error


class SkeletonChoice(Asked):
    """How wide and deep the network around the cells is; without `stages`, as many as the images allow."""

    channels: int = SKELETON.channels
    cells_per_stage: int = SKELETON.cells_per_stage
    stages: int | None = None

    def to_skeleton(self, input_shape: tuple[int, int, int], classes: int) -> Skeleton:
        """The tiny skeleton in this size, for images of `input_shape` (C, H, W); Invalid where they do not fit."""
        try:
            return replace(
                SKELETON,
                input_shape=input_shape,
                classes=classes,
                channels=self.channels,
                cells_per_stage=self.cells_per_stage,
                stages=stages_for(input_shape) if self.stages is None else self.stages,
            )
        except ValueError as error:
            raise Invalid("skeleton", str(error)) from error


class TrainingChoice(Asked):
    """The recipe by which every network of the job is trained."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = RECIPE.epochs
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = RECIPE.batch_size
    learning_rate: Annotated[float, Field(gt=0, le=100)] = RECIPE.learning_rate
    weight_decay: Annotated[float, Field(ge=0, le=100)] = RECIPE.weight_decay


class ObjectiveChoice(Asked):
    """A metric to improve, and the bound that a found network must keep."""

    metric: Label
    device: Label | None = None
    limit: float | None = None


OBJECTIVES = [ObjectiveChoice(metric="accuracy"), ObjectiveChoice(metric="latency_ms")]


class SamplerChoice(Asked):
    """Who proposes, and by how many trials its knowledge may lag behind."""

    name: Label = SAMPLER.name
    lag: int = SAMPLER.lag


class EarlyStoppingChoice(Asked):
    """Which trials are stopped early: at each fidelity one in `reduction` goes on, or all with `none`."""

    name: Literal["halving", "none"] = "halving"
    reduction: int = EARLY_STOPPING.reduction


class BudgetChoice(Asked):
    """What the job may spend."""

    trials: int = BUDGET.trials
    seconds: float = BUDGET.seconds


class ResourcesChoice(Asked):
    """How many evaluations go on at once, and what each may use."""

    workers: int = RESOURCES.workers
    cpus: int = RESOURCES.cpus
    gpus: int = RESOURCES.gpus


class JobCreate(Asked):
    """A search that somebody asks for."""

    dataset: Label
    name: Label = ""
    space: SpaceChoice = SpaceChoice()
    skeleton: SkeletonChoice = SkeletonChoice()
    training: TrainingChoice = TrainingChoice()
    objectives: list[ObjectiveChoice] = OBJECTIVES
    sampler: SamplerChoice = SamplerChoice()
    early_stopping: EarlyStoppingChoice = EarlyStoppingChoice()
    budget: BudgetChoice = BudgetChoice()
    resources: ResourcesChoice = ResourcesChoice()
    seed: int = 0

    @property
    def hash(self) -> str:
        """Equal for bodies that ask for the same, however they are written."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def to_spec(self) -> JobSpec:
        """Invalid where the domain refuses what the shape of the JSON allows."""
        dataset = DATASETS.get(self.dataset)
        if dataset is None:
            raise Invalid("dataset", f"Unknown data set {self.dataset!r}; use one of {', '.join(DATASETS)}.")
        return JobSpec(
            name=self.name,
            dataset=dataset.name,
            space=self.space.to_space(),
            skeleton=self.skeleton.to_skeleton(dataset.input_shape, dataset.classes),
            recipe=Recipe(**self.training.model_dump()),
            objectives=tuple(self._objective(place) for place in range(len(self.objectives))),
            sampler=Sampler(**self.sampler.model_dump()),
            early_stopping=EarlyStopping(**self.early_stopping.model_dump()),
            budget=Budget(**self.budget.model_dump()),
            resources=Resources(**self.resources.model_dump()),
            seed=self.seed,
        )

    @classmethod
    def of(cls, spec: JobSpec) -> Self:
        """A specification as JSON, every default filled in; submitted again, it asks for the same."""
        skeleton, space = spec.skeleton, spec.space
        return cls(
            name=spec.name,
            dataset=spec.dataset,
            space=SpaceChoice(preset=space.name, operators=list(space.operators), nodes=space.nodes),
            skeleton=SkeletonChoice(
                channels=skeleton.channels, cells_per_stage=skeleton.cells_per_stage, stages=skeleton.stages
            ),
            training=TrainingChoice(**asdict(spec.recipe)),
            objectives=[ObjectiveChoice(**asdict(objective)) for objective in spec.objectives],
            sampler=SamplerChoice(**asdict(spec.sampler)),
            early_stopping=EarlyStoppingChoice(**asdict(spec.early_stopping)),
            budget=BudgetChoice(**asdict(spec.budget)),
            resources=ResourcesChoice(**asdict(spec.resources)),
            seed=spec.seed,
        )

    def _objective(self, place: int) -> Objective:
        try:
            return Objective(**self.objectives[place].model_dump())
        except Invalid as error:
            raise Invalid(error.field.replace("objectives", f"objectives.{place}", 1), str(error)) from error
