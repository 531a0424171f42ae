"""Regularised evolution (Real et al. 2019, arXiv 1802.01548): the oldest die, the best of a few has a child."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna.study import Study

from service.sampling.encoding.base import Encoding
from service.sampling.finite import Distributions, FiniteSampler, Past
from service.sampling.predictor import rank
from service.sampling.untried import draw, keys

POPULATION = 25
TOURNAMENT = 8
MOST_CHILDREN = 100


class EvolutionSampler(FiniteSampler):
    """A child differs from its parent in one decision, and as a genotype, and from all that was tried before.

    With several objectives the best of a tournament is the first by non-domination rank among those that keep the
    constraints, then by how little the constraints are violated, then the youngest.
    """

    def __init__(
        self,
        encoding: Encoding | None = None,
        distributions: Distributions | None = None,
        *,
        seed: int | None = None,
        population: int = POPULATION,
        tournament: int = TOURNAMENT,
        repeats: bool = False,
    ) -> None:
        if not 1 <= tournament <= population:
            raise ValueError(f"of a population of {population}, 1 to {population} enter a tournament, not {tournament}")
        super().__init__(encoding, distributions, seed)
        self._rng = np.random.default_rng(seed)
        self._population = population
        self._tournament = tournament
        self._repeats = repeats

    def propose(self, study: Study, past: Past, encoding: Encoding) -> Sequence[int]:
        """A random row until the first population is complete, then a child."""
        del study
        living = past.known(len(past))[-self._population :]
        tried = keys(encoding, past.answers(past.trials))
        if len(living) < self._population:
            return draw(encoding, self._rng, tried)
        observations = past.observations(living)
        entrants = np.sort(self._rng.choice(len(living), size=self._tournament, replace=False))[::-1]
        parent = observations.answers[entrants[np.argmin(rank(observations)[entrants])]].tolist()
        counts = list(encoding.choices.values())
        for _ in range(MOST_CHILDREN):
            child = list(parent)
            decision = int(self._rng.integers(len(counts)))
            child[decision] = int(self._rng.integers(counts[decision]))
            key = encoding.key(child)
            if key != encoding.key(parent) and (self._repeats or key not in tried):
                return child
        return draw(encoding, self._rng, tried)
