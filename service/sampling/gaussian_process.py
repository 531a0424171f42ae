"""An exact Gaussian process over encoded answers (Rasmussen and Williams 2006, chapters 2 and 5)."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_solve, solve_triangular
from scipy.linalg.lapack import dpotrf

from service.sampling.kernel import Matrix, Points, Shape, Vector

JITTER = 1e-6
SIZES = 0.1, 3.0  # how much less or more than at the mean values may scatter


class GaussianProcess:
    """What is known of one quantity after it was observed at some points; can be told of points still under way.

    What the features do not explain scatters alike everywhere or, where that is likelier and all values are positive,
    in proportion to the value, as times do.
    """

    def __init__(self, points: Points, values: Vector, shape: Shape, floor: float = -np.inf) -> None:
        """With a finite `floor`, which all quantities are above, `values` are logarithms of what they are above it."""
        self._points = points
        self._shape = shape
        self._floor = floor
        self._offset = float(values.mean())
        self._scale = float(values.std()) or 1.0
        standard = (values - self._offset) / self._scale
        smooth, alike = shape.smooth(points, points), points.alike(points)
        self._proportional = False
        self._size = np.ones(len(values))
        self._factor, self._weights, likelihood = _conditioned(smooth + shape.own * alike, shape.noise, standard)
        if np.isneginf(floor) and values.min() > 0:
            size = self._sizes(smooth @ self._weights)
            covariance = smooth + shape.own * alike * np.outer(size, size)
            factor, weights, other = _conditioned(covariance, shape.noise * np.square(size), standard)
            if other > likelihood:
                self._proportional, self._size, self._factor, self._weights = True, size, factor, weights

    def posterior(self, points: Points) -> Posterior:
        """What is believed of the same quantity at other points."""
        across = self._shape.smooth(self._points, points)
        size = self._sizes(across.T @ self._weights) if self._proportional else np.ones(len(points))
        if points.kinds is not None:
            across += self._shape.own * self._points.alike(points) * np.outer(self._size, size)
        mean = self._offset + self._scale * (across.T @ self._weights)
        explained = solve_triangular(self._factor, across, lower=True, check_finite=False)
        variance = self._shape.variance(points) + self._shape.own * np.square(size) - np.square(explained).sum(axis=0)
        return Posterior(points, self._shape, self._scale, self._floor, size, mean, variance, explained)

    def _sizes(self, standard: Vector) -> Vector:
        """How much values scatter that are about `standard`, in units of how much they do at the mean."""
        sizes: Vector = np.clip(1 + standard * (self._scale / self._offset), *SIZES)
        return sizes


class Posterior:
    """Means and standard deviations of what would be observed at some points; with a finite `floor`, logarithms."""

    def __init__(
        self,
        points: Points,
        shape: Shape,
        scale: float,
        floor: float,
        size: Vector,
        mean: Vector,
        variance: Vector,
        explained: Matrix,
    ) -> None:
        self._points = points
        self._shape = shape
        self._scale = scale
        self._size = size
        self._noise = shape.noise * np.square(size)
        self.floor = floor
        self.mean = mean
        self._variance = np.maximum(variance, 1e-12)
        self._explained = [explained]

    @property
    def deviation(self) -> Vector:
        return self._scale * np.sqrt(self._variance + self._noise)

    def median(self, index: int) -> float:
        """What the quantity is as likely to be above as below at one point."""
        mean = float(self.mean[index])
        return mean if np.isneginf(self.floor) else self.floor + float(np.exp(mean))

    def expect(self, index: int) -> None:
        """Counts point `index` as if it had been observed where it is believed to be: only the doubt shrinks."""
        if not self._explained:
            return  # revealed
        point = self._points[[index]]
        covariance = self._shape.smooth(self._points, point)[:, 0]
        if self._points.kinds is None:
            covariance[index] += self._shape.own * self._size[index] ** 2
        else:
            alike = self._points.kinds == self._points.kinds[index]
            covariance += self._shape.own * alike * self._size * self._size[index]
        for explained in self._explained:
            covariance = covariance - explained.T @ explained[:, index]
        row = covariance / np.sqrt(self._variance[index] + self._noise[index] + JITTER)
        self._variance = np.maximum(self._variance - np.square(row), 1e-12)
        self._explained.append(row[None, :])

    def reveal(self, values: Vector) -> None:
        """The values themselves are known, without doubt."""
        self.mean = values
        self.floor = -np.inf
        self._variance = np.full(len(values), 1e-12)
        self._noise = np.zeros(len(values))
        self._explained = []


def factor_of(covariance: Matrix, noise: float | Vector) -> Matrix:
    """The lower Cholesky factor of a covariance with noise; `covariance` is overwritten."""
    covariance.flat[:: len(covariance) + 1] += noise + JITTER
    factor: Matrix
    factor, failed = dpotrf(covariance, lower=True, clean=True, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("a covariance is not positive definite")
    return factor


def log_likelihood(factor: Matrix, fitted: Vector, count: int) -> Vector:
    """Of `count` values with the scale that suits them best, up to a constant; `fitted` are their quadratic forms."""
    likelihood: Vector = -0.5 * count * np.log(fitted + JITTER) - np.log(np.diag(factor)).sum()
    return likelihood


def _conditioned(covariance: Matrix, noise: float | Vector, standard: Vector) -> tuple[Matrix, Vector, float]:
    """The factor, the weights of the observed values, and how likely these were."""
    factor = factor_of(covariance, noise)
    weights: Vector = cho_solve((factor, True), standard)
    return factor, weights, float(log_likelihood(factor, standard @ weights, len(standard)))
