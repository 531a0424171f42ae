"""Fronts: which points no other point beats, how much they cover, and where they bend.

A point is one loss an objective: less is better, see `service.domain.objectives.losses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import moocore
import numpy as np

Losses: TypeAlias = tuple[float, ...]
Interval: TypeAlias = tuple[float, float]


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
    """The index of the best compromise of a front; None for fewer than three points.

    Every objective is scaled to 0..1 over the front. With two objectives the least sum is the point farthest
    from the line between the ends (Das 1999, "On characterizing the knee of the Pareto curve").
    """
    if len(points) < 3:
        return None
    losses = np.asarray(points, dtype=float)
    lowest = losses.min(axis=0)
    span = losses.max(axis=0) - lowest
    return int(((losses - lowest) / np.where(span > 0, span, 1)).sum(axis=1).argmin())


def hypervolumes(points: Sequence[Losses], reference: Losses) -> list[float]:
    """What the first point covers, what the first two cover, and so on; see `hypervolume`."""
    covered: list[float] = []
    front: list[Losses] = []
    for point in points:
        if larger := grown(front, point):
            front = larger
            covered.append(hypervolume(front, reference))
        else:
            covered.append(covered[-1])
    return covered


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
