"""Which answers to try next, by a prediction of every objective from what was tried before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import moocore
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from service.sampling.bounds import Bounds
from service.sampling.encoding.base import Answers, Encoding, Features, View
from service.sampling.gaussian_process import GaussianProcess, Posterior
from service.sampling.improvement import expected_improvement
from service.sampling.kernel import Points
from service.sampling.likeliest import likeliest
from service.sampling.untried import Excess, draw, keys, no_excess

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Row = Sequence[int]
Prices = Mapping[int, Callable[[Row], float]]

RANDOM_CANDIDATES = 2500
MOST_COVARIANCES = 500_000  # between known answers and random candidates: where more is known there are fewer of these
NEIGHBOURS = 500
PARENTS = 10
MOST_EDITS = 2
MOST_OBSERVATIONS = 250
SCALE_SAMPLE = 200
FINALISTS = 300  # candidates that the later proposals of a batch are chosen from
SHORTLIST = 50  # candidates whose exact prices are looked up
NEXT_TO_NOTHING = 1e-300  # where nothing is gained, what keeps the limits comes first
SURE_ENOUGH = 0.2  # what is less likely to keep the limits comes after everything that is more likely


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
        kept: NDArray[np.bool_] = np.all(self.constraints <= 0, axis=1)
        return kept

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> Observations:
        return Observations(self.answers[rows], self.losses[rows], self.constraints[rows])


class Predictor:
    """Proposes what promises the greatest gain in hypervolume. Keeps nothing from one call to the next."""

    def __init__(
        self,
        encoding: Encoding,
        prices: Prices | None = None,
        excess: Excess | None = None,
        costs: Collection[int] | None = None,
    ) -> None:
        """`prices` are the objectives that are known without trying, by column.

        Nothing with an `excess` above 0 is proposed as long as there is something else.
        `costs` are the columns of what is paid for quality, the others are quality; see `Bounds`.
        """
        self._encoding = encoding
        self._prices = prices or {}
        self._excess = excess or no_excess
        self._costs = costs
        self._counts = np.array(list(encoding.choices.values()))
        self._scales = self._measure_scales()

    def propose(
        self, known: Observations, sample: Observations, pending: Answers, count: int, rng: np.random.Generator
    ) -> list[list[int]]:
        """`count` proposals after those `known` and `pending`; `sample` was drawn at random."""
        tried = keys(self._encoding, known.answers) | keys(self._encoding, pending)
        bounds = Bounds(sample.losses, self._costs, sample.feasible)
        known = _most_telling(known)
        losses = np.minimum(known.losses, bounds.ceiling)
        models = self._models(replace(known, losses=losses), bounds.floors(losses))
        outlook = _Outlook(bounds.reference, losses[known.feasible])
        candidates = self._candidates(known, rng)
        if self._prices:
            outlook.look(self._predicted(models, candidates))
            candidates = candidates[np.argsort(-outlook.gain(), kind="stable")[:SHORTLIST]]
        # Pending proposals come first: they are expected before any other.
        rows = np.vstack([pending, candidates])
        outlook.look(self._predicted(models, rows, self._prices), pending=len(pending))
        if len(candidates) > FINALISTS:
            # The rest of a batch is hardly ever chosen among what promised little at its beginning.
            rows = np.vstack([pending, rows[np.argsort(-outlook.gain(), kind="stable")[:FINALISTS]]])
            outlook.look(self._predicted(models, rows, self._prices), pending=len(pending))
        proposals: list[list[int]] = []
        while len(proposals) < count:
            best = self._best_new(rows, outlook.gain(), tried)
            if best is None:
                proposals.append(draw(self._encoding, rng, tried, self._excess))
            else:
                proposals.append(rows[best].tolist())
                outlook.expect(best)
            tried.add(self._encoding.key(proposals[-1]))
        return proposals

    def _best_new(self, rows: Answers, gain: Vector, tried: set[Hashable]) -> int | None:
        """The row with the greatest gain that keeps what it must and was not tried."""
        for index in np.argsort(-gain, kind="stable"):
            row = rows[index].tolist()
            if self._encoding.key(row) not in tried and self._excess(row) <= 0:
                return int(index)
        return None

    def _models(self, known: Observations, floors: Vector) -> list[tuple[int, GaussianProcess]]:
        """For each objective and each constraint a process, and the view that it is over."""
        points = self._views(known.answers)
        values = np.hstack([known.losses, known.constraints])
        fits = likeliest(points, values, np.append(floors, [-np.inf] * known.constraints.shape[1]))
        return [(fit.view, fit.process(points, column)) for fit, column in zip(fits, values.T, strict=True)]

    def _predicted(
        self, models: list[tuple[int, GaussianProcess]], rows: Answers, prices: Prices | None = None
    ) -> list[Posterior]:
        """What is believed of the objectives, then of the constraints of `rows`; of `prices` all is known."""
        points = self._views(rows)
        posteriors = [process.posterior(points[view]) for view, process in models]
        for objective, price in (prices or {}).items():
            posteriors[objective].reveal(np.array([price(row) for row in rows.tolist()]))
        return posteriors

    def _views(self, answers: Answers) -> list[Points]:
        views = zip(self._encoding.views(answers), self._scales, strict=True)
        features = [_scaled(view, scales) for view, scales in views]
        function, *others = features
        return [Points(function, self._encoding.functions(answers)), *map(Points, others)]

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
        count = min(RANDOM_CANDIDATES, MOST_COVARIANCES // len(known.losses))
        randoms = rng.integers(self._counts, size=(count, len(self._counts)))
        return np.unique(self._encoding.simplest(np.vstack([neighbours, randoms])), axis=0)


class _Outlook:
    """What some candidates may add to a front, while more and more of them are counted on."""

    def __init__(self, reference: Vector, front: Matrix) -> None:
        self._reference = reference
        self._front = front
        self._objectives: list[Posterior] = []
        self._limits: list[Posterior] = []

    def look(self, posteriors: list[Posterior], pending: int = 0) -> None:
        """From now on the candidates are those that `posteriors` are about: the objectives', then the constraints'.

        The first `pending` of them are under way, and are counted on at once.
        """
        self._objectives = posteriors[: len(self._reference)]
        self._limits = posteriors[len(self._reference) :]
        for index in range(pending):
            self.expect(index)

    def gain(self) -> Vector:
        """The expected gain in hypervolume of each candidate, times the chance that it keeps the limits.

        Where all that may be gained is beyond a limit, it would be tried for ever: it is below 0 for what hardly
        keeps it, so that the rest comes first.
        """
        means = np.column_stack([posterior.mean for posterior in self._objectives])
        deviations = np.column_stack([posterior.deviation for posterior in self._objectives])
        floors = np.array([posterior.floor for posterior in self._objectives])
        gain = expected_improvement(means, deviations, self._front, self._reference, floors) + NEXT_TO_NOTHING
        chance = np.prod([np.ones(len(gain)), *(ndtr(-own.mean / own.deviation) for own in self._limits)], axis=0)
        promised: Vector = np.where(chance >= SURE_ENOUGH, gain * chance, gain * chance - gain.max())
        return promised

    def expect(self, index: int) -> None:
        """Counts on a candidate to turn out as it is believed to be."""
        for posterior in (*self._objectives, *self._limits):
            posterior.expect(index)
        if all(limit.mean[index] <= 0 for limit in self._limits):
            self._front = np.vstack([self._front, [posterior.median(index) for posterior in self._objectives]])


def _scaled(view: View, scales: list[tuple[Vector, float]]) -> Features:
    """Its groups side by side, each less its centre and times its factor."""
    widths = [group.shape[1] for group in view]
    features = np.empty((len(view[0]), sum(widths)))
    parts = np.split(features, np.cumsum(widths)[:-1], axis=1)
    for own, group, (centre, factor) in zip(parts, view, scales, strict=True):
        np.subtract(group, centre, out=own)
        own *= factor
    return features


def rank(known: Observations) -> Vector:
    """Pareto rank of the feasible, then the infeasible by how much they violate."""
    ranks = np.zeros(len(known.losses))
    feasible = known.feasible
    if feasible.any():
        ranks[feasible] = moocore.pareto_rank(known.losses[feasible])
    violation = np.maximum(known.constraints, 0).sum(axis=1)
    ranks[~feasible] = ranks.max() + 1 + violation[~feasible]
    return ranks


def _best(known: Observations, count: int) -> NDArray[np.intp]:
    """The first front, and more by rank where it has fewer than `count`."""
    ranks = rank(known)
    front = int((ranks == ranks.min()).sum())
    return np.argsort(ranks, kind="stable")[: max(front, count)]


def _most_telling(known: Observations) -> Observations:
    """All, or where they are too many for an exact process the better half of what can be kept, and the newest."""
    if len(known.losses) <= MOST_OBSERVATIONS:
        return known
    half = MOST_OBSERVATIONS // 2
    best = np.argsort(rank(known), kind="stable")[:half]
    rest = np.setdiff1d(np.arange(len(known.losses)), best)
    return known[np.sort(np.concatenate([best, rest[-half:]]))]
