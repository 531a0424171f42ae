"""Between which losses a predictor looks closely, told from the first random sample."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SKEWED = 3.0  # spreads above the median: where the worst lies beyond, differences among the good may matter most
FAR_OUT = 5.0  # spreads above the median, or times as far as the worst quarter is: what lies beyond has failed
BEYOND = 2.0  # spreads above the worst of an objective without failures: what is as good as worthless
CEILING = 1.5  # spreads above what is worthless: how bad a failure is says nothing of what is good
FARTHEST, CLOSEST = 2.0, 0.5  # spreads below the best: where the floor may be
CLOSING = 40.0  # known losses at which the floor is a spread below the best; half of it at twice as many
SMALLEST = 1e-9


class Bounds:
    """For each objective what is as good as worthless, and on which scale it may be looked at. Less is better.

    A spread is how far the best tenth of the first sample is below its median. A cost counts up to two spreads beyond
    the worst of the sample, but what is no better than the median in quality is worth nothing at any cost. Where those
    that keep the limits have a worse median it is theirs: nothing else can be taken. Quality, and a skewed cost, may be
    looked at by the logarithm of what it is above a floor. All but the floor stays once the first sample is whole,
    since a bound that moves with the search would pull it along; the floor comes closer to the best as more is known,
    since the best is then closer to the best there is.
    """

    def __init__(
        self, first: Matrix, costs: Collection[int] | None = None, feasible: NDArray[np.bool_] | None = None
    ) -> None:
        """Where nobody says which objectives are `costs`, those are that have no failures in the sample.

        `feasible` tells which rows keep the limits, by default all.
        """
        median, worst = np.median(first, axis=0), first.max(axis=0)
        self._spread = median - np.quantile(first, 0.1, axis=0)
        if costs is None:
            quality = worst > median + FAR_OUT * np.maximum(self._spread, np.quantile(first, 0.75, axis=0) - median)
        else:
            quality = np.array([objective not in costs for objective in range(len(median))])
        quality &= self._spread > 0
        self._skewed = (self._spread > 0) & (quality | (worst > median + SKEWED * self._spread))
        keeping = first if feasible is None or not feasible.any() else first[feasible]
        no_better = np.maximum(median, np.median(keeping, axis=0))
        self.reference: Vector = np.where(quality, no_better, worst + BEYOND * self._spread + SMALLEST)
        self.ceiling: Vector = self.reference + CEILING * self._spread + SMALLEST

    def floors(self, losses: Matrix) -> Vector:
        """What each objective is always above, where its logarithm may be looked at; -inf where not."""
        below = np.clip(CLOSING / len(losses), CLOSEST, FARTHEST) * self._spread
        floors: Vector = np.where(self._skewed, losses.min(axis=0) - below, -np.inf)
        return floors
