"""Limits that a cell is held to before it is trained: what it costs follows from its description, or is measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.memory import peak_memory_mb
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from service.domain.objectives import METRICS, Objective, keeps_limits
from service.domain.trial import Trial
from workers.messages import LatencyMeasurement

KNOWN_BEFORE: Mapping[str, Callable[[Architecture], float]] = {
    "params": lambda architecture: cost(architecture).params,
    "macs": lambda architecture: cost(architecture).macs,
    "peak_memory_mb": peak_memory_mb,
}


def known_before(objectives: tuple[Objective, ...], genotype: Genotype, skeleton: Skeleton) -> dict[str, float]:
    """The values of those of the objectives' metrics that need no training, by metric, each in its own unit."""
    metrics = [objective.metric for objective in objectives if objective.metric in KNOWN_BEFORE]
    if not metrics:
        return {}
    architecture = Architecture(genotype, skeleton)
    return {metric: KNOWN_BEFORE[metric](architecture) for metric in metrics}


def known_excess(objectives: tuple[Objective, ...], genotype: Genotype, skeleton: Skeleton) -> float:
    """By how much the cell is known to miss its limits, as shares of them, together; 0 where it keeps them."""
    values = known_before(objectives, genotype, skeleton)
    return sum(
        objective.missed_share(values[objective.metric]) for objective in objectives if objective.metric in values
    )


def known_of_rejected(objectives: tuple[Objective, ...], trial: Trial, skeleton: Skeleton) -> dict[str, float]:
    """The same of a trial that was rejected, with its latency where that was measured."""
    known = known_before(objectives, trial.proposal.genotype, skeleton)
    if trial.failure and trial.failure.latency and latency_objective(objectives):
        known["latency_ms"] = trial.failure.latency.median_ms
    return known


def latency_objective(objectives: tuple[Objective, ...]) -> Objective | None:
    """The objective that is about latency, if there is one."""
    return next((objective for objective in objectives if objective.metric == "latency_ms"), None)


def rounded_up(value: float) -> str:
    """1234567 and 0.042 and 0.0000171: whole from 100 on, else three digits, so that a limit of it is kept."""
    places = max(0, 2 - math.floor(math.log10(value)))
    return f"{Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_CEILING):f}"


def too_slow(objectives: tuple[Objective, ...], latency: LatencyMeasurement) -> str | None:
    """A sentence about a latency that surely exceeds its limit; None where there is no such limit."""
    objective = latency_objective(objectives)
    if objective is None or objective.limit is None or not latency.surely_exceeds(objective.limit):
        return None
    return f"{rounded_up(latency.median_ms)} ms, where the limit is {objective.limit:.15g} ms"


def turned_down(objectives: tuple[Objective, ...], trials: Sequence[Trial], skeleton: Skeleton) -> str:
    """A sentence about the trials that were rejected; empty where none was.

    With the fastest of those too slow and, where none kept the limits, with the least that was too much.
    """
    rejected = [trial.failure for trial in trials if trial.rejected and trial.failure]
    if not rejected:
        return ""
    told = [f"{len(rejected)} of {len(trials)} proposals could not keep the limits"]
    latency, measured = latency_objective(objectives), [each.latency.median_ms for each in rejected if each.latency]
    if latency and latency.limit and measured:
        fastest = rounded_up(min(measured))
        told.append(f"the fastest that was too slow took {fastest} ms, where the limit is {latency.limit:.15g} ms")
    if len(rejected) == len(trials):
        known = [known_before(objectives, trial.proposal.genotype, skeleton) for trial in trials]
        for objective in objectives:
            least = min((values[objective.metric] for values in known if objective.metric in values), default=-math.inf)
            if objective.excess(least) > 0:
                told.append(f"the least was {_against_limit(objective, least)}")
    return f"{'; '.join(told)}."


def missed_by_all(objectives: tuple[Objective, ...], trials: Sequence[Trial]) -> str:
    """A sentence about the limits that no fully trained cell keeps, with the best that there was; else empty."""
    results = [trial.full_result for trial in trials if trial.full_result]
    if not results or any(keeps_limits(objectives, result) for result in results):
        return ""
    told = []
    for objective in objectives:
        best = min(map(objective.value, results), key=objective.directed)
        if objective.excess(best) > 0:
            told.append(f"the best {objective.metric} was {best:.4g}, where the limit is {objective.limit:.15g}")
    return f"No fully trained cell keeps the limits: {'; '.join(told) or 'each is kept by some, all by none'}."


def missed_limit(objectives: tuple[Objective, ...], genotype: Genotype, skeleton: Skeleton) -> str | None:
    """A sentence about the first limit that the cell is known to miss; None where training it may be worth while."""
    if all(objective.limit is None for objective in objectives):
        return None
    values = known_before(objectives, genotype, skeleton)
    for objective in objectives:
        if objective.metric in values and objective.excess(values[objective.metric]) > 0:
            return _against_limit(objective, values[objective.metric])
    return None


def _against_limit(objective: Objective, value: float) -> str:
    unit = METRICS[objective.metric].unit
    told = rounded_up(value) if unit == "MB" else f"{value:,.0f}"
    return f"{told} {unit}, where the limit is {objective.limit:,.15g}"
