"""Under which view, which shape, and whether by their logarithm, values are most likely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dtrtrs

from service.sampling.gaussian_process import GaussianProcess, factor_of, log_likelihood
from service.sampling.kernel import SHAPES, Matrix, Points, Shape, Vector, matern, squared_distances

MOST = 100  # values that are looked at: more tell hardly more, and cost their cube


@dataclass(frozen=True, slots=True)
class Fit:
    """How values are modelled: over which of several views, in which shape, and above which floor, if any."""

    view: int
    shape: Shape
    floor: float

    def process(self, views: Sequence[Points], values: Vector) -> GaussianProcess:
        """What is known of the quantity after `values` were observed."""
        return GaussianProcess(views[self.view], _looked_at(values, self.floor), self.shape, self.floor)


def likeliest(views: Sequence[Points], values: Matrix, floors: Vector) -> list[Fit]:
    """For each column of `values` the fit under which it is most likely.

    A column with a finite floor may be looked at by the logarithm of what it is above it. All columns are compared
    together, since a view in a shape has the same covariance for all of them.
    """
    chosen = np.unique(np.linspace(0, len(values) - 1, MOST).astype(int))
    seen = values[chosen]
    columns = [(index, -np.inf) for index in range(len(floors))]
    columns += [(index, floor) for index, floor in enumerate(floors) if np.isfinite(floor)]
    looked_at = np.column_stack([_looked_at(seen[:, index], floor) for index, floor in columns])
    scales = np.where(looked_at.std(axis=0) > 0, looked_at.std(axis=0), 1.0)
    # The density of a value is that of its logarithm over what it is above the floor.
    densities = [0.0 if np.isneginf(floor) else -looked_at[:, i].sum() for i, (_, floor) in enumerate(columns)]
    base = np.array(densities) - len(seen) * np.log(scales)
    best: dict[int, tuple[float, Fit]] = {}
    for view, shape, likelihoods in _compared([view[chosen] for view in views], looked_at, scales):
        for (index, floor), likelihood in zip(columns, likelihoods + base, strict=True):
            if index not in best or likelihood > best[index][0]:
                best[index] = likelihood, Fit(view, shape, floor)
    return [best[index][1] for index in range(len(floors))]


def _looked_at(values: Vector, floor: float) -> Vector:
    return values if np.isneginf(floor) else np.log(values - floor)


def _compared(views: Sequence[Points], values: Matrix, scales: Vector) -> Iterator[tuple[int, Shape, Vector]]:
    """For each view and shape the likelihood of each column with its best scale: logarithms, up to a constant."""
    standard = (values - values.mean(axis=0)) / scales
    for index, view in enumerate(views):
        inner = view.features @ view.features.T
        squares = squared_distances(view.squared_norms, view.squared_norms, inner)
        curved = {length: matern(squares, length) for length in {shape.length for shape in SHAPES}}
        alike = view.alike(view)
        for shape in SHAPES:
            factor = factor_of(shape.blend(curved[shape.length], inner) + shape.own * alike, shape.noise)
            white, _ = dtrtrs(factor, standard, lower=True)
            yield index, shape, log_likelihood(factor, np.square(white).sum(axis=0), len(values))
