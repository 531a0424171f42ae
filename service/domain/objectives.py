"""Metrics, their directions and units, and what a job wants of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.domain.errors import Invalid
from workers.messages import Evaluated


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is measured of an evaluated architecture."""

    name: str
    unit: str
    maximise: bool
    of: Callable[[Evaluated], float]


def _megabytes(result: Evaluated) -> float:
    """A job that asks for it records it with every result."""
    return math.nan if result.peak_memory_mb is None else result.peak_memory_mb


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "share", True, lambda result: result.accuracy),
        Metric("latency_ms", "ms", False, lambda result: result.latency.median_ms),
        Metric("params", "parameters", False, lambda result: result.params),
        Metric("macs", "multiply-accumulates", False, lambda result: result.macs),
        Metric("peak_memory_mb", "MB", False, _megabytes),
    )
}


@dataclass(frozen=True, slots=True)
class Objective:
    """One metric to improve, with the bound that a found architecture must keep, if any."""

    metric: str
    device: str | None = None
    limit: float | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise Invalid("objectives.metric", f"Unknown metric {self.metric!r}; use one of {', '.join(METRICS)}.")
        if self.device is not None and self.metric != "latency_ms":
            raise Invalid(
                "objectives.device", f"Leave the device out: only latency_ms belongs to one, {self.metric} does not."
            )
        if self.metric == "latency_ms" and self.device is None:
            object.__setattr__(self, "device", "local")
        if self.limit is not None and not 0 < self.limit < math.inf:
            raise Invalid("objectives.limit", "Give a limit above 0, and a finite one.")

    @property
    def maximise(self) -> bool:
        return METRICS[self.metric].maximise

    def value(self, result: Evaluated) -> float:
        """The metric in its own unit and direction."""
        return METRICS[self.metric].of(result)

    def directed(self, value: float) -> float:
        """A value of the metric with its sign turned so that less is better."""
        return -value if self.maximise else value

    def loss(self, result: Evaluated) -> float:
        """The metric with its sign turned so that less is better."""
        return self.directed(self.value(result))

    def excess(self, value: float) -> float:
        """By how much a value of the metric misses the limit; negative where it is kept with room to spare."""
        if self.limit is None:
            return -math.inf
        return self.limit - value if self.maximise else value - self.limit

    def missed_share(self, value: float) -> float:
        """By how much a value of the metric misses the limit, as a share of the limit; 0 where it is kept."""
        return 0.0 if self.limit is None else max(0.0, self.excess(value) / self.limit)

    def violation(self, result: Evaluated) -> float:
        """By how much the limit is missed, as a share of the limit; 0 where it is kept."""
        return self.missed_share(self.value(result))


def losses(objectives: tuple[Objective, ...], result: Evaluated) -> tuple[float, ...]:
    """One number an objective, less is better."""
    return tuple(objective.loss(result) for objective in objectives)


def violation(objectives: tuple[Objective, ...], result: Evaluated) -> float:
    """By how much all limits together are missed, each as a share of itself; 0 where every one is kept."""
    return sum(objective.violation(result) for objective in objectives)


def keeps_limits(objectives: tuple[Objective, ...], result: Evaluated) -> bool:
    """Whether the architecture keeps every limit."""
    return violation(objectives, result) == 0
