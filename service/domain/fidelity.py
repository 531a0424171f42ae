"""The fidelity ladder of a job, and who climbs it: successive halving that does not depend on timing."""

from __future__ import annotations

import math
from bisect import bisect_left

import moocore
import numpy as np

from service.domain.front import Losses
from service.domain.job import EarlyStopping
from service.domain.objectives import Objective, losses, violation
from workers.messages import Evaluated

MOST_RUNGS = 3


def ladder(epochs: int, early_stopping: EarlyStopping) -> tuple[int, ...]:
    """The epochs after which a trial is scored, rising to `epochs`; one rung where nothing is stopped early."""
    rungs = [epochs]
    while early_stopping.name == "halving" and len(rungs) < MOST_RUNGS and rungs[0] >= early_stopping.reduction:
        rungs.insert(0, rungs[0] // early_stopping.reduction)
    return tuple(rungs)


class Standings:
    """How the trials of a job stand at one fidelity, the first of them, as far as they have ended.

    Peers are earlier trials whose results are all known, so it is the same whichever worker is faster (asynchronous
    halving as in Li et al. 2018, arXiv 1810.05934, with the peers fixed by number instead of by time).
    """

    def __init__(self, objectives: tuple[Objective, ...]) -> None:
        self._objectives = objectives
        self._numbers: list[int] = []
        self._losses: list[Losses] = []
        self._violations: list[float] = []

    def add(self, number: int, result: Evaluated) -> None:
        """The result of a trial; numbers rise."""
        self._numbers.append(number)
        self._losses.append(losses(self._objectives, result))
        self._violations.append(violation(self._objectives, result))

    def among_the_best(self, own: Evaluated, before: int, reduction: int) -> bool:
        """Whether a trial is among the best one in `reduction` of itself and the trials with a number below `before`.

        Trials that keep the limits come before those that do not; then the order is by non-domination rank, and
        within a rank by the first objective.
        """
        peers = bisect_left(self._numbers, before)
        keep = math.ceil((peers + 1) / reduction)
        values = np.array([*self._losses[:peers], losses(self._objectives, own)])
        violations = np.array([*self._violations[:peers], violation(self._objectives, own)])
        feasible = violations == 0
        rank = np.zeros(peers + 1)
        if feasible.any():
            rank[feasible] = moocore.pareto_rank(values[feasible])
        worst_feasible = rank.max()
        rank[~feasible] = worst_feasible + 1 + violations[~feasible]
        better = (rank < rank[-1]) | ((rank == rank[-1]) & (values[:, 0] < values[-1, 0]))
        return int(better.sum()) < keep
