"""A job: what a user asks for, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from search_space.genotype import Genotype
from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from service.domain.errors import Conflict, Invalid
from service.domain.objectives import Objective
from service.domain.samplers import SAMPLERS
from workers.messages import Recipe

MOST_TRIALS = 100_000
MOST_SECONDS = 30 * 24 * 3600
MOST_PRIORITY = 100
MOST_EPOCHS = 1_000_000_000
LEAST_MEMORY_MB, MOST_MEMORY_MB = 64, 10_000_000
SHORTEST_DEADLINE_S = 60.0  # unless asked for: the first evaluation of a worker pays for cold caches


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
WISHES = {JobState.PAUSED: "be paused", JobState.QUEUED: "be resumed", JobState.CANCELLED: "be cancelled"}
STANDS = {
    JobState.QUEUED: "it waits for its turn, and may be paused or cancelled",
    JobState.RUNNING: "it searches, and may be paused or cancelled",
    JobState.PAUSED: "it rests, and may be resumed or cancelled",
}
"""What a user may do with a job instead."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a job may spend: trials, and seconds of running; where given also epochs of training, all trials together.

    With `patience` a search also ends when so many trials have not made its front cover more. One evaluation may take
    `evaluation_seconds`. Where nothing is said, that is a quarter of the seconds, so that one which hangs ends a part
    of a search and not the whole, but at least a minute.
    """

    trials: int = 40
    seconds: float = 600.0
    epochs: int | None = None
    patience: int | None = None
    evaluation_seconds: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.trials <= MOST_TRIALS:
            raise Invalid("budget.trials", f"Give a budget of 1 to {MOST_TRIALS:,} trials.")
        if not 1 <= self.seconds <= MOST_SECONDS:
            raise Invalid("budget.seconds", f"Give a budget of 1 to {MOST_SECONDS:,} seconds.")
        if self.epochs is not None and not 1 <= self.epochs <= MOST_EPOCHS:
            raise Invalid("budget.epochs", f"Give a budget of 1 to {MOST_EPOCHS:,} epochs, or leave them out.")
        if self.patience is not None and not 1 <= self.patience <= MOST_TRIALS:
            raise Invalid("budget.patience", f"Give a patience of 1 to {MOST_TRIALS:,} trials, or leave it out.")
        if self.evaluation_seconds is not None and not 1 <= self.evaluation_seconds <= MOST_SECONDS:
            told = f"Give an evaluation 1 to {MOST_SECONDS:,} seconds, or leave them out."
            raise Invalid("budget.evaluation_seconds", told)

    @property
    def deadline_s(self) -> float:
        """How long one evaluation may take at one fidelity before it is ended."""
        return self.evaluation_seconds or max(SHORTEST_DEADLINE_S, self.seconds / 4)


@dataclass(frozen=True, slots=True)
class Resources:
    """How many evaluations go on at once, and what each may use.

    `memory_mb` (megabytes of 10^6 bytes) is beyond what an idle worker holds; None for a fair share of the machine.
    """

    workers: int = 2
    cpus: int = 1
    gpus: int = 0
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= 1024:
            raise Invalid("resources.workers", "Give a job 1 to 1024 workers.")
        if not 1 <= self.cpus <= 256:
            raise Invalid("resources.cpus", "Give a worker 1 to 256 processors.")
        if not 0 <= self.gpus <= 16:
            raise Invalid("resources.gpus", "Give a worker 0 to 16 GPUs.")
        if self.memory_mb is not None and not LEAST_MEMORY_MB <= self.memory_mb <= MOST_MEMORY_MB:
            told = f"Give a worker {LEAST_MEMORY_MB} to {MOST_MEMORY_MB:,} MB of memory, or leave it out."
            raise Invalid("resources.memory_mb", told)


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
            raise Invalid("sampler.lag", "Give a lag of 1 to 1024 trials.")


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """Successive halving: at each fidelity one in `reduction` goes on; `none` trains every trial fully."""

    name: str = "halving"
    reduction: int = 3

    def __post_init__(self) -> None:
        if self.name not in ("halving", "none"):
            raise Invalid("early_stopping.name", "Use 'halving' or 'none'.")
        if not 2 <= self.reduction <= 16:
            raise Invalid("early_stopping.reduction", "Give a reduction of 2 to 16.")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a user asks for, checked and with every default filled in.

    A job of higher `priority` is served before one of lower; among equals the oldest comes first. `data_sha256` is that
    of data which a user has registered, so that results on other content never stand in.
    """

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
    priority: int = 0
    seed_with: tuple[Genotype, ...] = ()
    """Cells to try first, as trials 0, 1, ..., before the sampler proposes; they may lie outside the space."""
    reuse: int | None = None
    """The job whose front is among `seed_with`."""
    data_sha256: str = ""

    def __post_init__(self) -> None:
        metrics = [objective.metric for objective in self.objectives]
        if not metrics:
            raise Invalid("objectives", "Give at least one objective, such as accuracy.")
        if len(set(metrics)) != len(metrics):
            raise Invalid("objectives", "Name each metric once.")
        if not 0 <= self.seed < 2**31:
            raise Invalid("seed", "Give a seed of 0 to 2147483647.")
        if not -MOST_PRIORITY <= self.priority <= MOST_PRIORITY:
            raise Invalid("priority", f"Give a priority of {-MOST_PRIORITY} to {MOST_PRIORITY}; higher goes first.")
        if len(self.seed_with) > self.budget.trials:
            raise Invalid("seed_with", f"Give at most as many cells as the job has trials: {self.budget.trials}.")
        for index, genotype in enumerate(self.seed_with):
            if genotype in self.seed_with[:index]:
                raise Invalid(f"seed_with.{index}", f"Cell {genotype.key} is named twice.")

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
    """A job as it is recorded. Times are UTC and come from the database's clock.

    `refused` counts the writes of schedulers that held it no longer: results, proposals and beats that came too late.
    `restored_at` is when the record last went back to a backup: what was read of the job before may not have happened.
    """

    id: int
    spec: JobSpec
    state: JobState
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds_used: float = 0.0
    message: str = ""
    refused: int = 0
    restored_at: datetime | None = None

    def moved_to(self, state: JobState) -> Job:
        """This job in another state; Conflict where the table of moves does not allow it."""
        if state not in MOVES[self.state]:
            wish, other = WISHES.get(state, f"become {state}"), STANDS.get(self.state, self._over)
            raise Conflict(f"Job {self.id} is {self.state} and cannot {wish}: {other}.")
        return replace(self, state=state)

    @property
    def _over(self) -> str:
        return f'its search is over; what it has found stays, and "reuse": {self.id} begins a new job with its front'
