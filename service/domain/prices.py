"""What single parts cost, told from what their sums have cost: prices, none of which is negative."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def prices(sizes: Numbers, totals: Numbers) -> Numbers:
    """The price of each column of `sizes`, with the least squares of relative errors of the rows' `totals`."""
    relative = sizes / totals[:, None]
    scale = relative.max(0)
    best, least = np.zeros(sizes.shape[1]), np.inf
    # With three prices, trying every set of those that are not zero is the simplest way to the best of all.
    for count in range(1, sizes.shape[1] + 1):
        for chosen in map(list, combinations(range(sizes.shape[1]), count)):
            found = np.linalg.lstsq(relative[:, chosen] / scale[chosen], np.ones(len(totals)), rcond=None)[0]
            error = float(((relative[:, chosen] / scale[chosen] @ found - 1) ** 2).sum())
            if (found >= 0).all() and error < least:
                best, least = np.zeros(sizes.shape[1]), error
                best[chosen] = found / scale[chosen]
    return best
