"""Fronts: which points no other point beats, how much they cover, and where they bend.

A point is one loss an objective: less is better, see `service.domain.objectives.losses`. Many of them are the rows of a
matrix: P points or F members of a front, O objectives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import moocore
import numpy as np
from numpy.typing import NDArray

Losses: TypeAlias = tuple[float, ...]
Interval: TypeAlias = tuple[float, float]
Matrix: TypeAlias = NDArray[np.float64]

TOGETHER = 256  # points that are compared with a front at once
ON_THE_LINE = 1e-9  # scaled; what is no farther from the line between the ends may lie on it, but for rounding


def nondominated(points: Sequence[Losses]) -> list[int]:
    """The indices of the points that no other point beats, in the order given; equal points are all kept."""
    if not points:
        return []
    kept = moocore.is_nondominated(np.asarray(points, dtype=float), keep_weakly=True)
    return [index for index, keep in enumerate(kept) if keep]


def hypervolume(points: Sequence[Losses], reference: Losses) -> float:
    """The volume that the points cover up to `reference`, in the product of the objectives' units.

    A point that is not better than the reference in every objective covers nothing.
    """
    inside = [point for point in points if all(loss < bound for loss, bound in zip(point, reference, strict=True))]
    return float(moocore.hypervolume(np.asarray(inside, dtype=float), ref=reference)) if inside else 0.0


def knee(points: Sequence[Losses]) -> int | None:
    """The index of the best compromise of a front; None where there is none.

    Every objective is scaled to 0..1 over the front, and the least sum is the best. With two objectives that is the
    point farthest below the line between the ends (Das 1999, "On characterizing the knee of the Pareto curve"), where
    the sum is 1; where no point lies below it there is no knee. Nor is there one with one objective, or of fewer than
    three points.
    """
    losses_FO = np.asarray(points, dtype=float)
    if len(points) < 3 or losses_FO.shape[1] == 1:
        return None
    lowest_O = losses_FO.min(axis=0)
    span_O = losses_FO.max(axis=0) - lowest_O
    sums_F = ((losses_FO - lowest_O) / np.where(span_O > 0, span_O, 1)).sum(axis=1)
    if len(span_O) == 2 and (not span_O.all() or sums_F.min() > 1 - ON_THE_LINE):
        return None
    return int(sums_F.argmin())


def hypervolumes(losses_PO: Matrix, reference: Losses) -> list[float]:
    """What the first of P points covers, what the first two cover, and so on; see `hypervolume`."""
    covered, front_FO, bounds_O = [0.0], losses_PO[:0], np.asarray(reference, dtype=float)
    for point in losses_PO:
        if _none_as_good(front_FO, point) and np.all(point < bounds_O):
            front_FO = _with(front_FO, point)
            covered.append(float(moocore.hypervolume(front_FO, ref=bounds_O)))
        else:
            covered.append(covered[-1])
    return covered[1:]


def additions(losses_PO: Matrix) -> NDArray[np.intp]:
    """The indices of those of P points that none before is as good as in every objective: the front grows by each."""
    front_FO = losses_PO[:0]
    added: list[int] = []
    for start in range(0, len(losses_PO), TOGETHER):
        some_PO = losses_PO[start : start + TOGETHER]
        as_good = [front_FO[:, None, column] <= some_PO[None, :, column] for column in range(losses_PO.shape[1])]
        for index in np.flatnonzero(~np.logical_and.reduce(as_good).any(axis=0)):
            if _none_as_good(front_FO, some_PO[index]):
                front_FO = _with(front_FO, some_PO[index])
                added.append(start + int(index))
    return np.array(added, dtype=np.intp)


def _none_as_good(front_FO: Matrix, point: Matrix) -> bool:
    """Whether no member of a front is as good as a point, or better, in every objective."""
    return not np.all(front_FO <= point, axis=1).any()


def _with(front_FO: Matrix, point: Matrix) -> Matrix:
    """The front with one point more, without those that it beats."""
    return np.vstack([front_FO[~np.all(point <= front_FO, axis=1)], point])


def grown(front: Sequence[Losses], point: Losses) -> list[Losses] | None:
    """The front with one point more, without those that it beats; None where it adds nothing."""
    if any(_as_good(member, point) for member in front):
        return None
    return [*(member for member in front if not _as_good(point, member)), point]


def _as_good(one: Losses, other: Losses) -> bool:
    """Whether `one` is as good as `other` or better in every objective."""
    return all(mine <= theirs for mine, theirs in zip(one, other, strict=True))


def alike(points: Sequence[Sequence[Interval]]) -> list[list[int]]:
    """For each point the others that it may not differ from: their intervals overlap in every objective."""
    if not points:
        return []
    ends_NOE = np.asarray(points, dtype=float)  # points, objectives, both ends
    low, high = ends_NOE[:, None, :, 0], ends_NOE[None, :, :, 1]
    reaches = np.all(low <= high, axis=2)
    overlap = np.logical_and(reaches, reaches.T)
    return [[other for other in np.flatnonzero(overlap[own]).tolist() if other != own] for own in range(len(points))]
