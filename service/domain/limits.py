"""Limits that a cell is held to before it is trained: what it costs follows from its description, or is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.memory import peak_memory_bytes
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from service.domain.objectives import METRICS, Objective
from service.domain.trial import Trial
from workers.messages import LatencyMeasurement

KNOWN_BEFORE: Mapping[str, Callable[[Architecture], float]] = {
    "params": lambda architecture: cost(architecture).params,
    "macs": lambda architecture: cost(architecture).macs,
    "peak_memory_mb": lambda architecture: peak_memory_bytes(architecture) / 1e6,
}


def known_before(objectives: tuple[Objective, ...], genotype: Genotype, skeleton: Skeleton) -> dict[str, float]:
    """The values of those of the objectives' metrics that need no training, by metric, each in its own unit."""
    metrics = [objective.metric for objective in objectives if objective.metric in KNOWN_BEFORE]
    if not metrics:
        return {}
    architecture = Architecture(genotype, skeleton)
    return {metric: KNOWN_BEFORE[metric](architecture) for metric in metrics}


def known_of_rejected(objectives: tuple[Objective, ...], trial: Trial, skeleton: Skeleton) -> dict[str, float]:
    """The same of a trial that was rejected, with its latency where that was measured."""
    known = known_before(objectives, trial.proposal.genotype, skeleton)
    if trial.failure and trial.failure.latency and latency_objective(objectives):
        known["latency_ms"] = trial.failure.latency.median_ms
    return known


def latency_objective(objectives: tuple[Objective, ...]) -> Objective | None:
    """The objective that is about latency, if there is one."""
    return next((objective for objective in objectives if objective.metric == "latency_ms"), None)


def too_slow(objectives: tuple[Objective, ...], latency: LatencyMeasurement) -> str | None:
    """A sentence about a latency that surely exceeds its limit; None where there is no such limit."""
    objective = latency_objective(objectives)
    if objective is None or objective.limit is None or not latency.surely_exceeds(objective.limit):
        return None
    return f"{latency.median_ms:.3g} ms, where the limit is {objective.limit:g} ms"


def turned_down(objectives: tuple[Objective, ...], trials: Sequence[Trial]) -> str:
    """A sentence about the trials that were rejected, with the fastest of those too slow; empty where none was."""
    rejected = [trial.failure for trial in trials if trial.rejected and trial.failure]
    if not rejected:
        return ""
    told = f"{len(rejected)} of {len(trials)} proposals could not keep the limits"
    latency, measured = latency_objective(objectives), [each.latency.median_ms for each in rejected if each.latency]
    if latency and latency.limit and measured:
        told += f"; the fastest that was too slow took {min(measured):.3g} ms, where the limit is {latency.limit:g} ms"
    return f"{told}."


def missed_limit(objectives: tuple[Objective, ...], genotype: Genotype, skeleton: Skeleton) -> str | None:
    """A sentence about the first limit that the cell is known to miss; None where training it may be worth while."""
    if all(objective.limit is None for objective in objectives):
        return None
    values = known_before(objectives, genotype, skeleton)
    for objective in objectives:
        if objective.metric in values and objective.excess(values[objective.metric]) > 0:
            own, unit = values[objective.metric], METRICS[objective.metric].unit
            digits = ",.0f" if unit != "MB" else ".3g"
            return f"{own:{digits}} {unit}, where the limit is {objective.limit:{digits}}"
    return None
