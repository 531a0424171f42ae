"""Limits that a cell is held to before it is trained: what it costs follows from its description, or is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from search_space.cost import Cost, cost
from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from service.domain.objectives import METRICS, Objective
from service.domain.trial import Trial
from workers.messages import Evaluated

KNOWN_BEFORE: Mapping[str, Callable[[Cost], float]] = {
    "params": lambda own: own.params,
    "macs": lambda own: own.macs,
}


def known_before(objectives: tuple[Objective, ...], genotype: Genotype, skeleton: Skeleton) -> dict[str, float]:
    """The values of those of the objectives' metrics that need no training, by metric, each in its own unit."""
    metrics = [objective.metric for objective in objectives if objective.metric in KNOWN_BEFORE]
    if not metrics:
        return {}
    own = cost(Architecture(genotype, skeleton))
    return {metric: KNOWN_BEFORE[metric](own) for metric in metrics}


def known_of_rejected(objectives: tuple[Objective, ...], trial: Trial, skeleton: Skeleton) -> dict[str, float]:
    """The same of a trial that was rejected, with its latency where that was measured."""
    known = known_before(objectives, trial.proposal.genotype, skeleton)
    if trial.failure and trial.failure.latency and latency_objective(objectives):
        known["latency_ms"] = trial.failure.latency.median_ms
    return known


def latency_objective(objectives: tuple[Objective, ...]) -> Objective | None:
    """The objective that is about latency, if there is one."""
    return next((objective for objective in objectives if objective.metric == "latency_ms"), None)


def surely_too_slow(objectives: tuple[Objective, ...], result: Evaluated) -> bool:
    """Whether the whole interval of a measured latency misses its limit, so that no further training helps."""
    objective = latency_objective(objectives)
    return objective is not None and objective.limit is not None and result.latency.surely_exceeds(objective.limit)


def missed_limit(objectives: tuple[Objective, ...], genotype: Genotype, skeleton: Skeleton) -> str | None:
    """A sentence about the first limit that the cell is known to miss; None where training it may be worth while."""
    if all(objective.limit is None for objective in objectives):
        return None
    values = known_before(objectives, genotype, skeleton)
    for objective in objectives:
        if objective.metric in values and objective.excess(values[objective.metric]) > 0:
            unit = METRICS[objective.metric].unit
            return f"{values[objective.metric]:,.0f} {unit}, where the limit is {objective.limit:,.0f}"
    return None
