"""By how much a point may be expected to enlarge the hypervolume of a front; less is better in every objective."""

from __future__ import annotations

from itertools import pairwise

import moocore
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MOST_BOXES = 2000  # a front with more is thinned


def expected_improvement(
    means: Matrix, deviations: Matrix, front: Matrix, reference: Vector, floors: Vector | None = None
) -> Vector:
    """Expected gain in hypervolume up to `reference` of each row, whose objectives are independent.

    An objective is normal where its entry of `floors` is -inf, as by default; elsewhere the logarithm of what it is
    above that floor is normal, and `means` and `deviations` are that logarithm's.

    Exact: what no point of `front` dominates is cut into boxes, and over a box the expectation is a product. With one
    objective this is the expected improvement (Jones et al. 1998), with more that of Emmerich et al. 2006.
    """
    low, high = _boxes(_thinned(front, reference), reference)
    gain = np.ones((len(means), len(low)))
    for objective in range(means.shape[1]):
        mean, deviation = means[:, [objective]], deviations[:, [objective]]
        floor = -np.inf if floors is None else floors[objective]
        # Boxes lie side by side: most of their bounds are the bounds of two.
        bounds, places = np.unique(np.concatenate([low[:, objective], high[:, objective]]), return_inverse=True)
        from_low, from_high = np.split(_expected_excess(bounds, mean, deviation, floor)[:, places], 2, axis=1)
        gain *= np.maximum(from_high - from_low, 0)
    total: Vector = gain.sum(axis=1)
    return total


def _expected_excess(bounds: Vector, mean: Matrix, deviation: Matrix, floor: float) -> Matrix:
    """The expectation of max(0, bound - value): one row a point, one column a bound."""
    if np.isfinite(floor):
        above = np.maximum(bounds - floor, 1e-300)
        lead = (np.log(above) - mean) / deviation
        value = np.exp(mean + 0.5 * np.square(deviation))
        excess: Matrix = np.maximum(above * ndtr(lead) - value * ndtr(lead - deviation), 0)
        return excess
    standard = np.maximum((bounds - mean) / deviation, -1e6)
    density = np.exp(-0.5 * np.square(standard)) / np.sqrt(2 * np.pi)
    return np.where(np.isneginf(bounds), 0.0, deviation * (standard * ndtr(standard) + density))


def _thinned(front: Matrix, reference: Vector) -> Matrix:
    """The part of the front that is better than the reference, evenly thinned to what MOST_BOXES allow."""
    front = front[(front < reference).all(axis=1)]
    if len(front):
        front = front[moocore.is_nondominated(front)]
    most = MOST_BOXES if len(reference) < 3 else max(2, int((2 * MOST_BOXES) ** (1 / (len(reference) - 1))))
    order = np.argsort(front[:, 0], kind="stable")
    return front[order[np.unique(np.linspace(0, len(front) - 1, most).astype(int))]] if len(front) else front


def _boxes(front: Matrix, reference: Vector) -> tuple[Matrix, Matrix]:
    """Disjoint boxes (lower corners, upper corners) that cover what is better than `reference` and not dominated."""
    lowest = np.full(len(reference), -np.inf)
    if not len(front):
        return lowest[None, :], reference[None, :]
    if len(reference) == 1:
        return lowest[None, :], front.min(axis=0)[None, :]
    levels = [-np.inf, *np.unique(front[:, -1]), reference[-1]]
    lows, highs = [], []
    for below, above in pairwise(levels):
        low, high = _boxes(front[front[:, -1] <= below, :-1], reference[:-1])
        lows.append(np.column_stack([low, np.full(len(low), below)]))
        highs.append(np.column_stack([high, np.full(len(high), above)]))
    return np.vstack(lows), np.vstack(highs)
