"""How values at two points go together, before any of them is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from service.sampling.encoding.base import Features

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

BLOCK = 2**14  # entries of a matrix that are worked out at a time, so that they stay near the processor
OWN = 0.9  # share of what features do not explain that is the same again for what is alike; the rest is noise


@dataclass(frozen=True)
class Points:
    """Where a quantity may be observed: a row of features each, and numbers that are equal for what is alike.

    Without `kinds` nothing is alike but a point and itself.
    """

    features: Features
    kinds: NDArray[np.intp] | None = None

    def __getitem__(self, rows: NDArray[np.intp] | list[int]) -> Points:
        return Points(self.features[rows], None if self.kinds is None else self.kinds[rows])

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def squared_norms(self) -> Vector:
        """Of the features of each."""
        norms: Vector = np.square(self.features).sum(axis=1)
        return norms

    def alike(self, others: Points) -> Matrix | float:
        """1 where a point here is alike to one of `others`, else 0."""
        if self is others and self.kinds is None:
            return np.eye(len(self))
        if self.kinds is None or others.kinds is None:
            return 0.0
        alike: Matrix = (self.kinds[:, None] == others.kinds).astype(float)
        return alike


@dataclass(frozen=True, slots=True)
class Shape:
    """How values vary over the features, in units of the values' own variance and the features' mean distance.

    `linear` is the share of the variance that is linear in the features, the rest is a Matern 5/2 of length
    `length`. `rest` is the variance of what neither explains: most of it is every kind's own, and the same again for
    what is alike; the rest is noise.
    """

    length: float
    linear: float
    rest: float

    @property
    def own(self) -> float:
        """The variance of what a kind has to itself."""
        return OWN * self.rest

    @property
    def noise(self) -> float:
        """The variance of what repeats would scatter by."""
        return (1 - OWN) * self.rest

    def smooth(self, left: Points, right: Points) -> Matrix:
        """The covariance between `left` and `right` of what the features explain."""
        covariance: Matrix = left.features @ right.features.T
        rows = max(1, BLOCK // len(right))
        for first in range(0, len(left), rows):
            own = slice(first, first + rows)
            inner = covariance[own]
            squares = squared_distances(left.squared_norms[own], right.squared_norms, inner)
            covariance[own] = self.blend(matern(squares, self.length), inner)
        return covariance

    def blend(self, curved: Matrix, inner: Matrix) -> Matrix:
        """The covariance of what the features explain, from its two parts."""
        covariance: Matrix = (1 - self.linear) * curved + 2 * self.linear * inner
        return covariance

    def variance(self, points: Points) -> Vector:
        """Of what the features of each row explain."""
        variance: Vector = (1 - self.linear) + 2 * self.linear * points.squared_norms
        return variance


# A few shapes instead of a search over a continuum: as good in trials, faster, and the same on every machine.
SHAPES = tuple(
    Shape(length, linear, rest)
    for (length, linear), rest in product(
        ((1.0, 0.2), (2.0, 0.2), (1.0, 0.6), (2.0, 0.6), (2.0, 0.95)), (0.01, 0.025, 0.07, 0.25)
    )
)


def squared_distances(left: Vector, right: Vector, inner: Matrix) -> Matrix:
    """Between all rows, whose squared norms and inner products are known."""
    squares: Matrix = left[:, None] + right
    squares -= 2 * inner
    return np.maximum(squares, 0, out=squares)


def matern(squares: Matrix, length: float) -> Matrix:
    """The Matern 5/2 covariance at squared distances: of the distance d in lengths, (1 + d + d²/3) exp(-d)."""
    # In place where it can be: memory takes most of the time.
    distance: Matrix = squares * (5 / length**2)
    np.sqrt(distance, out=distance)
    covariance = np.square(distance)
    covariance /= 3
    covariance += 1 + distance
    np.negative(distance, out=distance)
    covariance *= np.exp(distance, out=distance)
    return covariance
