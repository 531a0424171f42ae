"""Which answers to try next, by a prediction of every objective from what was tried before."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass

import moocore
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from service.sampling.encoding.base import Answers, Encoding, Features
from service.sampling.gaussian_process import GaussianProcess, Posterior, likeliest
from service.sampling.improvement import expected_improvement

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

RANDOM_CANDIDATES = 1000
NEIGHBOURS = 500
PARENTS = 10
MOST_EDITS = 2
MOST_DRAWS = 100
MOST_OBSERVATIONS = 500
SCALE_SAMPLE = 200
REFERENCE = 1.0  # hypervolume counts up to here, see `_mirrored`
CEILING = 3.0  # losses beyond are taken for this much: how bad a failure is says nothing of what is good


@dataclass(frozen=True)
class Observations:
    """What was tried and what came of it, oldest first: one row a proposal.

    Less is better in every column of `losses`; a proposal is feasible where no column of `constraints` is positive.
    """

    answers: Answers
    losses: Matrix
    constraints: Matrix

    @property
    def feasible(self) -> NDArray[np.bool_]:
        return (self.constraints <= 0).all(axis=1)

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> Observations:
        return Observations(self.answers[rows], self.losses[rows], self.constraints[rows])


class Predictor:
    """Proposes what promises the greatest gain in hypervolume. Keeps nothing from one call to the next."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._counts = np.array(list(encoding.choices.values()))
        self._scales = self._measure_scales()

    def draw(self, rng: np.random.Generator, tried: Collection[Hashable]) -> list[int]:
        """Random answers, new unless the space seems to hold nothing new."""
        for _ in range(MOST_DRAWS):
            row: list[int] = self._encoding.simplest(rng.integers(self._counts)[None, :])[0].tolist()
            if self._encoding.key(row) not in tried:
                break
        return row

    def propose(
        self, known: Observations, pending: Answers, start: int, count: int, rng: np.random.Generator
    ) -> list[list[int]]:
        """`count` proposals after those `known` and `pending`; the first `start` observations were drawn at random."""
        tried = {self._encoding.key(row) for row in [*known.answers.tolist(), *pending.tolist()]}
        first = known.losses[:start]
        reference = _mirrored(first, REFERENCE)
        known = _most_telling(known)
        losses = np.minimum(known.losses, _mirrored(first, CEILING))
        front = losses[known.feasible]
        candidates = self._candidates(known, rng)
        # Pending proposals come first: their rows are part of what is predicted, and are expected before any other.
        rows = np.vstack([pending, candidates])
        objectives, limits = self._predict(known.answers, losses, known.constraints, rows)
        proposals: list[list[int]] = []
        for index in range(len(pending)):
            front = self._expect(index, objectives, limits, front)
        while len(proposals) < count:
            gain = self._gain(objectives, limits, front, reference)
            gain[: len(pending)] = -1
            index = self._best_new(rows, gain, tried)
            if index is None:
                proposals.append(self.draw(rng, tried))
            else:
                proposals.append(rows[index].tolist())
                front = self._expect(index, objectives, limits, front)
            tried.add(self._encoding.key(proposals[-1]))
        return proposals

    def _best_new(self, rows: Answers, gain: Vector, tried: set[Hashable]) -> int | None:
        """The row with the greatest gain that was not tried."""
        for index in np.argsort(-gain, kind="stable"):
            if gain[index] < 0:
                break
            if self._encoding.key(rows[index].tolist()) not in tried:
                return int(index)
        return None

    def _gain(self, objectives: list[Posterior], limits: list[Posterior], front: Matrix, reference: Vector) -> Vector:
        means = np.column_stack([posterior.mean for posterior in objectives])
        deviations = np.column_stack([posterior.deviation for posterior in objectives])
        gain = expected_improvement(means, deviations, front, reference)
        for limit in limits:
            gain = gain * ndtr(-limit.mean / limit.deviation)
        return gain

    def _expect(self, index: int, objectives: list[Posterior], limits: list[Posterior], front: Matrix) -> Matrix:
        for posterior in [*objectives, *limits]:
            posterior.expect(index)
        if any(limit.mean[index] > 0 for limit in limits):
            return front
        return np.vstack([front, [posterior.mean[index] for posterior in objectives]])

    def _predict(
        self, answers: Answers, losses: Matrix, constraints: Matrix, rows: Answers
    ) -> tuple[list[Posterior], list[Posterior]]:
        points = self._views(answers)
        others = self._views(rows)

        def posterior(values: Vector) -> Posterior:
            view, shape = likeliest(points, values)
            return GaussianProcess(points[view], values, shape).posterior(others[view])

        return [posterior(column) for column in losses.T], [posterior(column) for column in constraints.T]

    def _views(self, answers: Answers) -> list[Features]:
        return [
            np.hstack([(group - centre) * scale for group, (centre, scale) in zip(view, scales, strict=True)])
            for view, scales in zip(self._encoding.views(answers), self._scales, strict=True)
        ]

    def _measure_scales(self) -> list[list[tuple[Vector, float]]]:
        """For each group of features its centre, and the factor that gives all groups an equal share of distance."""
        sample = np.random.default_rng(0).integers(self._counts, size=(SCALE_SAMPLE, len(self._counts)))
        return [
            [(group.mean(axis=0), float((2 * group.var(axis=0).sum() * len(view) or 1.0) ** -0.5)) for group in view]
            for view in self._encoding.views(sample)
        ]

    def _candidates(self, known: Observations, rng: np.random.Generator) -> Answers:
        """Neighbours of the best known answers, by one and two edits, and random ones."""
        parents = known.answers[_best(known, PARENTS)]
        neighbours = parents[rng.integers(len(parents), size=NEIGHBOURS)]
        for edit in range(MOST_EDITS):
            edited = np.flatnonzero(rng.integers(MOST_EDITS, size=NEIGHBOURS) >= edit)
            decision = rng.integers(len(self._counts), size=len(edited))
            neighbours[edited, decision] = rng.integers(self._counts[decision])
        randoms = rng.integers(self._counts, size=(RANDOM_CANDIDATES, len(self._counts)))
        return np.unique(self._encoding.simplest(np.vstack([neighbours, randoms])), axis=0)


def _mirrored(first: Matrix, times: float) -> Vector:
    """For each objective the loss that is `times` as far above the median of `first` as its best tenth is below.

    It is taken from the first random sample and stays, since a bound that moves with the search would pull it along.
    """
    median = np.median(first, axis=0)
    spread = median - np.quantile(first, 0.1, axis=0)
    return np.where(spread > 0, median + times * spread, first.max(axis=0) + 1e-9)


def _rank(known: Observations) -> Vector:
    """Pareto rank of the feasible, then the infeasible by how much they violate."""
    rank = np.zeros(len(known.losses))
    feasible = known.feasible
    if feasible.any():
        rank[feasible] = moocore.pareto_rank(known.losses[feasible])
    violation = np.maximum(known.constraints, 0).sum(axis=1)
    rank[~feasible] = rank.max() + 1 + violation[~feasible]
    return rank


def _best(known: Observations, count: int) -> NDArray[np.intp]:
    """The first front, and more by rank where it has fewer than `count`."""
    rank = _rank(known)
    front = int((rank == rank.min()).sum())
    return np.argsort(rank, kind="stable")[: max(front, count)]


def _most_telling(known: Observations) -> Observations:
    """All, or where they are too many for an exact process the better half of what can be kept, and the newest."""
    if len(known.losses) <= MOST_OBSERVATIONS:
        return known
    half = MOST_OBSERVATIONS // 2
    best = np.argsort(_rank(known), kind="stable")[:half]
    rest = np.setdiff1d(np.arange(len(known.losses)), best)
    return known[np.sort(np.concatenate([best, rest[-half:]]))]
