"""The answers of the service, as they travel: plain dictionaries with known keys."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

JobState = Literal["queued", "running", "paused", "done", "failed", "cancelled"]


class JobSummary(TypedDict):
    """One line of the list of jobs. Times are ISO 8601, UTC."""

    id: int
    name: str
    dataset: str
    state: JobState
    message: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    seconds_used: float


class Readiness(TypedDict):
    """What a service can do now; `detail` says what it is without."""

    status: Literal["ok", "degraded"]
    detail: str


class Progress(TypedDict):
    """How far a search is. `done`, `stopped` and `failed` trials have ended; `reused` ones needed no training.

    `reused_evaluations` were taken from the record; `rejected` trials miss a limit: not trained, they cost no budget.

    `best_accuracy` is a share, 0 to 1, at full fidelity, of those that keep every limit; `seconds_left` is a forecast,
    None before the first result.
    """

    budget: int
    done: int
    stopped: int
    failed: int
    reused: int
    reused_evaluations: int
    rejected: int
    front: int
    best_accuracy: float | None
    seconds_used: float
    seconds_left: float | None


class Job(JobSummary):
    """A job with what was asked for (every default filled in) and how far it is."""

    spec: dict[str, Any]
    progress: Progress
    refused: int


class Reach(TypedDict):
    """What a metric is over cells drawn by chance; predicted where `networks` says from how many measured ones.

    90 % of these took between the two `ratios` times what the others foresaw of them. All, or three at least which
    correct the others, stood in the same skeleton, or none (`elsewhere`).
    """

    metric: str
    unit: str
    lowest: float
    median: float
    highest: float
    networks: int | None
    ratios: list[float] | None
    elsewhere: bool | None


class TimeAhead(TypedDict):
    """How long a search takes; `basis` says what that rests on, `reports` how many recorded trainings these are."""

    basis: Literal["recorded", "recorded_elsewhere", "calibration", "unknown"]
    seconds: float | None
    at_least_seconds: float | None
    ends_by: Literal["trials", "seconds", "epochs", "cells"] | None
    reports: int
    workers: int


class Forecast(TypedDict):
    """What is known of a job before it begins. `keeping` of the `samples` keep every limit that can be judged.

    `different` is how many different cells the space has; None where they are too many to be listed.
    """

    size: str
    different: int | None
    samples: int
    keeping: int | None
    reaches: list[Reach]
    time: TimeAhead


class NewJob(Job):
    """A job that was just asked for."""

    forecast: Forecast


class Page(TypedDict):
    """A part of a list; `next_cursor` asks for the part after it, None at the end."""

    items: list[Any]
    next_cursor: int | None


class Failure(TypedDict):
    """Why a trial has no result."""

    kind: str
    fidelity: int
    message: str


class Trial(TypedDict):
    """One architecture tried, with its result at the highest fidelity it reached, or with its failure."""

    number: int
    state: Literal["proposed", "stopped", "done", "failed"]
    key: str
    reused: bool
    result: dict[str, Any] | None
    failure: Failure | None


class Point(TypedDict):
    """A trial that no other trial beats. The intervals hold the accuracy, a share, and the latency with 95 %.

    `peak_memory_mb` is None in what was recorded before memory was.
    `alike` are the numbers of the points whose intervals overlap with its own in every objective.
    """

    number: int
    key: str
    accuracy: float
    accuracy_interval: tuple[float, float]
    latency_ms: float
    latency_interval_ms: tuple[float, float]
    params: int
    macs: int
    peak_memory_mb: float | None
    knee: bool
    alike: list[int]


class Front(TypedDict):
    """The points of a job, best at the last objective first, and the objectives they are best at.

    `best` is the number of the point that is best at the first objective. `fastest_ms` is the least latency of the
    fully trained cells that keep every limit, also of those that `max_latency_ms` leaves out.
    """

    job: int
    state: JobState
    objectives: list[dict[str, Any]]
    points: list[Point]
    best: int | None
    fastest_ms: float | None
    hypervolume: dict[str, Any] | None
