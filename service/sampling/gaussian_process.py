"""An exact Gaussian process over encoded answers (Rasmussen and Williams 2006, chapters 2 and 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from service.sampling.encoding.base import Features

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MOST_FOR_SHAPE = 100  # points on which shapes are compared: more tell hardly more, and cost their cube
JITTER = 1e-6


@dataclass(frozen=True, slots=True)
class Shape:
    """How values vary over the features, in units of the values' own variance and the features' mean distance.

    `linear` is the share of the variance that is linear in the features, the rest is a Matern 5/2 of length
    `length`; `noise` is the variance of what repeats would scatter by.
    """

    length: float
    linear: float
    noise: float

    def covariance(self, left: Features, right: Features) -> Matrix:
        """Between the rows of `left` and those of `right`, without noise."""
        inner = left @ right.T
        return self.blend(_matern(_squared_distances(left, right, inner), self.length), inner)

    def blend(self, matern: Matrix, inner: Matrix) -> Matrix:
        """The covariance from its two parts."""
        covariance: Matrix = (1 - self.linear) * matern + 2 * self.linear * inner
        return covariance

    def variance(self, points: Features) -> Vector:
        """Of each row with itself."""
        variance: Vector = (1 - self.linear) + 2 * self.linear * np.square(points).sum(axis=1)
        return variance


# A few shapes instead of a search over a continuum: as good in trials, faster, and the same on every machine.
SHAPES = tuple(Shape(*values) for values in product((1.0, 2.0), (0.2, 0.6), (0.01, 0.05, 0.25)))


class GaussianProcess:
    """What is known of one quantity after it was observed at some points; can be told of points still under way."""

    def __init__(self, points: Features, values: Vector, shape: Shape, floor: float = -np.inf) -> None:
        """With a finite `floor`, which all quantities are above, `values` are logarithms of what they are above it."""
        self._points = points
        self._shape = shape
        self._floor = floor
        self._offset = float(values.mean())
        self._scale = float(values.std()) or 1.0
        self._factor = _factor(shape.covariance(points, points), shape.noise)
        standard = (values - self._offset) / self._scale
        self._weights = cho_solve((self._factor, True), standard)

    def posterior(self, points: Features) -> Posterior:
        """What is believed of the same quantity at other points."""
        across = self._shape.covariance(self._points, points)
        mean = self._offset + self._scale * (across.T @ self._weights)
        explained = solve_triangular(self._factor, across, lower=True, check_finite=False)
        variance = self._shape.variance(points) - np.square(explained).sum(axis=0)
        variance = np.maximum(variance, 1e-12)
        return Posterior(points, self._shape, self._scale, self._floor, mean, variance, explained)


class Posterior:
    """Means and standard deviations at some points, of the quantity or, with a finite `floor`, of its logarithm."""

    def __init__(
        self,
        points: Features,
        shape: Shape,
        scale: float,
        floor: float,
        mean: Vector,
        variance: Vector,
        explained: Matrix,
    ) -> None:
        self._points = points
        self._shape = shape
        self._scale = scale
        self.floor = floor
        self.mean = mean
        self._variance = variance
        self._explained = [explained]

    @property
    def deviation(self) -> Vector:
        return self._scale * np.sqrt(self._variance)

    def median(self, index: int) -> float:
        """What the quantity is as likely to be above as below at one point."""
        mean = float(self.mean[index])
        return mean if np.isneginf(self.floor) else self.floor + float(np.exp(mean))

    def expect(self, index: int) -> None:
        """Counts point `index` as if it had been observed where it is believed to be: only the doubt shrinks."""
        if not self._explained:
            return  # revealed
        covariance = self._shape.covariance(self._points, self._points[[index]])[:, 0]
        for explained in self._explained:
            covariance = covariance - explained.T @ explained[:, index]
        row = covariance / np.sqrt(self._variance[index] + self._shape.noise + JITTER)
        self._variance = np.maximum(self._variance - np.square(row), 1e-12)
        self._explained.append(row[None, :])

    def reveal(self, values: Vector) -> None:
        """The values themselves are known, without doubt."""
        self.mean = values
        self.floor = -np.inf
        self._variance = np.full(len(values), 1e-12)
        self._explained = []


def likeliest(views: list[Features], values: Vector) -> tuple[int, Shape]:
    """The view and the shape under which the values are most likely."""
    chosen = np.unique(np.linspace(0, len(values) - 1, MOST_FOR_SHAPE).astype(int))
    standard = values[chosen] - values[chosen].mean()
    standard /= standard.std() or 1.0
    fits = [
        (likelihood, -index, shape)
        for index, view in enumerate(views)
        for likelihood, shape in _log_likelihoods(view[chosen], standard)
    ]
    _, index, shape = max(fits, key=lambda fit: fit[:2])
    return -index, shape


def _log_likelihoods(points: Features, standard: Vector) -> Iterator[tuple[float, Shape]]:
    """Of each shape with its best scale, up to a constant."""
    inner = points @ points.T
    squares = _squared_distances(points, points, inner)
    materns = {length: _matern(squares, length) for length in {shape.length for shape in SHAPES}}
    for shape in SHAPES:
        factor = _factor(shape.blend(materns[shape.length], inner), shape.noise)
        white = solve_triangular(factor, standard, lower=True, check_finite=False)
        yield float(-0.5 * len(standard) * np.log(white @ white + JITTER) - np.log(np.diag(factor)).sum()), shape


def _squared_distances(left: Features, right: Features, inner: Matrix) -> Matrix:
    own = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)
    squares: Matrix = np.maximum(own - 2 * inner, 0)
    return squares


def _matern(squared_distances: Matrix, length: float) -> Matrix:
    distance = np.sqrt(squared_distances * (5 / length**2))
    matern: Matrix = (1 + distance + np.square(distance) / 3) * np.exp(-distance)
    return matern


def _factor(covariance: Matrix, noise: float) -> Matrix:
    covariance[np.diag_indices_from(covariance)] += noise + JITTER
    factor: Matrix = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
    return factor
