"""The fidelity ladder of a job, and who climbs it: successive halving that does not depend on timing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import moocore
import numpy as np

from service.domain.job import EarlyStopping
from service.domain.objectives import Objective, losses
from workers.messages import Evaluated

MOST_RUNGS = 3


def ladder(epochs: int, early_stopping: EarlyStopping) -> tuple[int, ...]:
    """The epochs after which a trial is scored, rising to `epochs`; one rung where nothing is stopped early."""
    rungs = [epochs]
    while early_stopping.name == "halving" and len(rungs) < MOST_RUNGS and rungs[0] >= early_stopping.reduction:
        rungs.insert(0, rungs[0] // early_stopping.reduction)
    return tuple(rungs)


def goes_on(own: Evaluated, peers: Sequence[Evaluated], objectives: tuple[Objective, ...], reduction: int) -> bool:
    """Whether a trial is among the best one in `reduction` of its peers at the same fidelity.

    Trials that keep the limits come before those that do not; then the order is by non-domination rank, and
    within a rank by the first objective. Peers are earlier trials whose results are all known, so the
    answer is the same whichever worker is faster (asynchronous halving as in Li et al. 2018, arXiv 1810.05934,
    with the peers fixed by number instead of by time).
    """
    keep = math.ceil((len(peers) + 1) / reduction)
    everyone = [*peers, own]
    values = np.array([losses(objectives, result) for result in everyone])
    violations = np.array([sum(objective.violation(result) for objective in objectives) for result in everyone])
    feasible = violations == 0
    rank = np.zeros(len(everyone))
    if feasible.any():
        rank[feasible] = moocore.pareto_rank(values[feasible])
    worst_feasible = rank.max()
    rank[~feasible] = worst_feasible + 1 + violations[~feasible]
    better = (rank < rank[-1]) | ((rank == rank[-1]) & (values[:, 0] < values[-1, 0]))
    return int(better.sum()) < keep
