"""Between which losses a predictor looks closely, told from the first random sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SKEWED = 3.0  # spreads above the median: where the worst lies beyond, differences among the good matter most
FAR_OUT = 5.0  # spreads above the median: what lies beyond has failed
WORTHLESS = 1.0  # spreads above the median of an objective that has failures
CEILING = 1.0  # spreads above what is worthless: how bad a failure is says nothing of what is good
FLOOR = 2.0  # spreads below the best
SMALLEST = 1e-9


class Bounds:
    """For each objective what is as good as worthless, and on which scale it is looked at. Less is better.

    A spread is how far the best tenth of the first sample is below its median. An objective counts up to a spread
    beyond the worst of the sample; but one that has failures, as accuracy has, up to a spread above the median. A
    skewed objective is looked at by the logarithm of what it is above a floor. All but the floor stays for the whole
    search, since a bound that moves with the search would pull it along.
    """

    def __init__(self, first: Matrix) -> None:
        median, worst = np.median(first, axis=0), first.max(axis=0)
        self._spread = median - np.quantile(first, 0.1, axis=0)
        fails = (self._spread > 0) & (worst > median + FAR_OUT * self._spread)
        self._skewed = (self._spread > 0) & (worst > median + SKEWED * self._spread)
        self.reference: Vector = np.where(fails, median + WORTHLESS * self._spread, worst + self._spread + SMALLEST)
        self.ceiling: Vector = self.reference + CEILING * self._spread + SMALLEST

    def floors(self, losses: Matrix) -> Vector:
        """What each objective is always above, where its logarithm is looked at; -inf where it is not."""
        floors: Vector = np.where(self._skewed, losses.min(axis=0) - FLOOR * self._spread, -np.inf)
        return floors
