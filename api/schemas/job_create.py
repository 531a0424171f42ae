"""The job as its user writes it; only `dataset` is required."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Annotated, Literal, Self

from pydantic import Field

from api.schemas.around_cells import AroundCells
from api.schemas.base import LARGEST_ID, Asked, Label
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.skeleton import InputShape, Skeleton
from search_space.space import CellSpace
from service.domain.errors import Invalid
from service.domain.job import Budget, EarlyStopping, JobSpec, Resources, Sampler
from service.domain.objectives import Objective
from service.usecases.datasets import named
from workers.messages import Recipe

RECIPE = Recipe()
BUDGET, RESOURCES, SAMPLER, EARLY_STOPPING = Budget(), Resources(), Sampler(), EarlyStopping()


class SpaceChoice(Asked):
    """Where to search: a named space, with fewer operators or another number of nodes if these are given."""

    preset: Label = "nasnet"
    operators: list[Label] | None = None
    nodes: int | None = None

    def to_space(self, axes: int = 2) -> CellSpace:
        """Invalid where there is no such space, it cannot be restricted so, or an operator is not for so many axes.

        Where no operators are named, it is those of the space that are for so many axes.
        """
        if self.preset not in spaces:
            raise Invalid("space.preset", f"Unknown space {self.preset!r}; use one of {', '.join(spaces)}.")
        try:
            space = spaces[self.preset] if self.operators else spaces[self.preset].for_axes(axes)
            space = space.restricted(self.operators)
        except ValueError as error:
            raise Invalid("space.operators", f"{_sentence(error)} GET /v1/spaces shows those of each space.") from error
        for name in space.operators:
            if axes not in OPERATORS[name].dims:
                suitable = ", ".join(spaces[self.preset].for_axes(axes).operators)
                raise Invalid("space.operators", f"{name!r} is not for maps of {axes} axes; use some of {suitable}.")
        try:
            return space.restricted(nodes=self.nodes)
        except ValueError as error:
            raise Invalid("space.nodes", _sentence(error)) from error


class SkeletonChoice(AroundCells, Asked):
    """How wide and deep the network around the cells is, and of what kind; by default the tiny skeleton."""

    def to_skeleton(self, input_shape: InputShape, classes: int) -> Skeleton:
        """The skeleton for images of `input_shape` (C, H, W); Invalid where they do not fit."""
        try:
            return self.skeleton_for(input_shape, classes)
        except ValueError as error:
            raise Invalid("skeleton", f"skeleton: {error}.") from error


class TrainingChoice(Asked):
    """The recipe by which every network of the job is trained."""

    epochs: Annotated[int, Field(ge=1, le=10_000, description="Epochs of one full training.")] = RECIPE.epochs
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
    """What the job may spend: trials, seconds, epochs of training; with `patience`, trials that do not help.

    One evaluation may take `evaluation_seconds`: a quarter of the seconds, at least 60, where nothing is said.
    """

    trials: int = BUDGET.trials
    seconds: float = BUDGET.seconds
    epochs: Annotated[
        int | None,
        Field(description="Of all trials together; training.epochs is how long one network is trained."),
    ] = BUDGET.epochs
    patience: int | None = BUDGET.patience
    evaluation_seconds: float | None = BUDGET.evaluation_seconds


class ResourcesChoice(Asked):
    """How many evaluations go on at once, and what each may use; without `memory_mb`, a share of the machine's."""

    workers: int = RESOURCES.workers
    cpus: int = RESOURCES.cpus
    gpus: int = RESOURCES.gpus
    memory_mb: int | None = RESOURCES.memory_mb


class JobCreate(Asked):
    """A search that somebody asks for. One of higher `priority` goes first, of equal ones the oldest."""

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
    priority: int = 0
    seed_with: list[Label] = Field(
        default=[], description="Cells to try first: keys of registered ones, or names of published ones, as nasnet-a."
    )
    reuse: Annotated[
        int | None,
        Field(ge=1, le=LARGEST_ID, description="A job whose front is tried next, best first, as far as trials go."),
    ] = None

    @property
    def hash(self) -> str:
        """Equal for bodies that ask for the same, however they are written."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def to_spec(self) -> JobSpec:
        """Invalid where the domain refuses what the shape of the JSON allows."""
        dataset = named(self.dataset)
        return JobSpec(
            name=self.name,
            dataset=dataset.name,
            space=self.space.to_space(len(dataset.input_shape) - 1),
            skeleton=self.skeleton.to_skeleton(dataset.input_shape, dataset.classes),
            recipe=Recipe(**self.training.model_dump()),
            objectives=tuple(self._objective(place) for place in range(len(self.objectives))),
            sampler=Sampler(**self.sampler.model_dump()),
            early_stopping=EarlyStopping(**self.early_stopping.model_dump()),
            budget=Budget(**self.budget.model_dump()),
            resources=Resources(**self.resources.model_dump()),
            seed=self.seed,
            priority=self.priority,
            reuse=self.reuse,
        )

    @classmethod
    def of(cls, spec: JobSpec) -> Self:
        """A specification as JSON, every default filled in; submitted again, it asks for the same."""
        space = spec.space
        return cls(
            name=spec.name,
            dataset=spec.dataset,
            space=SpaceChoice(preset=space.name, operators=list(space.operators), nodes=space.nodes),
            skeleton=SkeletonChoice(**SkeletonChoice.choices_of(spec.skeleton)),
            training=TrainingChoice(**asdict(spec.recipe)),
            objectives=[ObjectiveChoice(**asdict(objective)) for objective in spec.objectives],
            sampler=SamplerChoice(**asdict(spec.sampler)),
            early_stopping=EarlyStoppingChoice(**asdict(spec.early_stopping)),
            budget=BudgetChoice(**asdict(spec.budget)),
            resources=ResourcesChoice(**asdict(spec.resources)),
            seed=spec.seed,
            priority=spec.priority,
            seed_with=[genotype.key for genotype in spec.seed_with],
            reuse=spec.reuse,
        )

    def _objective(self, place: int) -> Objective:
        try:
            return Objective(**self.objectives[place].model_dump())
        except Invalid as error:
            raise Invalid(error.field.replace("objectives", f"objectives.{place}", 1), str(error)) from error


def _sentence(error: ValueError) -> str:
    told = str(error)
    return f"{told[0].upper()}{told[1:]}."
