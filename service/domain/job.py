"""A job: what a user asks for, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from service.domain.errors import Conflict, Invalid
from service.domain.objectives import Objective
from service.domain.samplers import SAMPLERS
from workers.messages import Recipe

MOST_TRIALS = 100_000
MOST_SECONDS = 30 * 24 * 3600


class JobState(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


MOVES: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.PAUSED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.PAUSED, JobState.DONE, JobState.FAILED, JobState.CANCELLED}),
    JobState.PAUSED: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}
ENDED = frozenset(state for state, moves in MOVES.items() if not moves)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a job may spend: trials, and seconds of running."""

    trials: int = 40
    seconds: float = 600.0

    def __post_init__(self) -> None:
        if not 1 <= self.trials <= MOST_TRIALS:
            raise Invalid("budget.trials", f"A budget has 1 to {MOST_TRIALS} trials.")
        if not 1 <= self.seconds <= MOST_SECONDS:
            raise Invalid("budget.seconds", f"A budget has 1 to {MOST_SECONDS} seconds.")


@dataclass(frozen=True, slots=True)
class Resources:
    """How many evaluations go on at once, and what each may use."""

    workers: int = 2
    cpus: int = 1
    gpus: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= 1024:
            raise Invalid("resources.workers", "A job has 1 to 1024 workers.")
        if not 1 <= self.cpus <= 256:
            raise Invalid("resources.cpus", "A worker has 1 to 256 processors.")
        if not 0 <= self.gpus <= 16:
            raise Invalid("resources.gpus", "A worker has 0 to 16 GPUs.")


@dataclass(frozen=True, slots=True)
class Sampler:
    """Which sampler proposes, and by how many trials its knowledge may lag behind.

    Proposal k depends on results of proposals up to k - `lag` only, so that a search does not depend on the
    number of workers or on which of them is faster.
    """

    name: str = "default"
    lag: int = 8

    def __post_init__(self) -> None:
        if self.name not in SAMPLERS:
            raise Invalid("sampler.name", f"Unknown sampler {self.name!r}; use one of {', '.join(SAMPLERS)}.")
        if not 1 <= self.lag <= 1024:
            raise Invalid("sampler.lag", "The lag is 1 to 1024 trials.")


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """Successive halving: at each fidelity one in `reduction` goes on; `none` trains every trial fully."""

    name: str = "halving"
    reduction: int = 3

    def __post_init__(self) -> None:
        if self.name not in ("halving", "none"):
            raise Invalid("early_stopping.name", "Early stopping is 'halving' or 'none'.")
        if not 2 <= self.reduction <= 16:
            raise Invalid("early_stopping.reduction", "A reduction is 2 to 16.")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a user asks for, checked and with every default filled in."""

    dataset: str
    space: CellSpace
    skeleton: Skeleton
    name: str = ""
    recipe: Recipe = field(default_factory=Recipe)
    objectives: tuple[Objective, ...] = (Objective("accuracy"), Objective("latency_ms"))
    sampler: Sampler = field(default_factory=Sampler)
    early_stopping: EarlyStopping = field(default_factory=EarlyStopping)
    budget: Budget = field(default_factory=Budget)
    resources: Resources = field(default_factory=Resources)
    seed: int = 0

    def __post_init__(self) -> None:
        metrics = [objective.metric for objective in self.objectives]
        if not metrics or len(set(metrics)) != len(metrics):
            raise Invalid("objectives", "A job has at least one objective, each metric once.")
        if not 0 <= self.seed < 2**31:
            raise Invalid("seed", "A seed is 0 to 2147483647.")

    @property
    def device(self) -> str:
        """The device whose latency is measured."""
        return next((objective.device for objective in self.objectives if objective.device), "local")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one scheduler to write to one job; a higher token has replaced a lower one."""

    job_id: int
    holder: str
    token: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is recorded. Times are UTC and come from the database's clock."""

    id: int
    spec: JobSpec
    state: JobState
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds_used: float = 0.0
    message: str = ""

    def moved_to(self, state: JobState) -> Job:
        """This job in another state; Conflict where the table of moves does not allow it."""
        if state not in MOVES[self.state]:
            raise Conflict(f"Job {self.id} is {self.state} and cannot become {state}.")
        return replace(self, state=state)
