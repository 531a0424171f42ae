"""The samplers that are compared, each made afresh for a seed; all but ours know no more than the choices."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.study import Study

from service.sampling.encoding.base import Encoding
from service.sampling.encoding.one_hot import OneHot
from service.sampling.evolution import EvolutionSampler
from service.sampling.finite import Distributions, FiniteSampler, Past
from service.sampling.predictor import rank
from service.sampling.predictor_sampler import PredictorSampler
from service.sampling.proposer import Answers
from service.sampling.untried import draw, keys

POPULATION = 20
TRIES = 100


class RandomWithoutRepeats(FiniteSampler):
    """Uniform over what was not tried yet."""

    def __init__(self, distributions: Distributions, seed: int) -> None:
        super().__init__(None, distributions, seed)
        self._rng = np.random.default_rng(seed)

    def propose(self, study: Study, past: Past, encoding: Encoding) -> list[int]:
        """Answers at random."""
        del study
        return draw(encoding, self._rng, keys(encoding, past.answers(past.trials)))


class NSGAIIWithoutRepeats(FiniteSampler):
    """Steady NSGA-II: parents by tournament among the best 20 so far, uniform crossover, one mutation, no repeats."""

    def __init__(self, distributions: Distributions, seed: int) -> None:
        super().__init__(None, distributions, seed)
        self._rng = np.random.default_rng(seed)

    def propose(self, study: Study, past: Past, encoding: Encoding) -> list[int]:
        """A child of two of the best, or answers at random for the first 20."""
        del study
        tried = keys(encoding, past.answers(past.trials))
        known = past.known(len(past))
        if len(known) < POPULATION:
            return draw(encoding, self._rng, tried)
        observations = past.observations(known)
        best = np.argsort(rank(observations), kind="stable")[:POPULATION]
        counts = np.array(list(encoding.choices.values()))
        for _ in range(TRIES):
            mother, father = (observations.answers[best[self._rng.integers(POPULATION, size=2).min()]] for _ in "ab")
            child = np.where(self._rng.random(len(counts)) < 0.5, mother, father)
            mutated = self._rng.random(len(counts)) < 1 / len(counts)
            child = np.where(mutated, self._rng.integers(counts), child)
            row: list[int] = child.tolist()
            if encoding.key(row) not in tried:
                return row
        return draw(encoding, self._rng, tried)


def _plain(encoding: Encoding) -> Encoding:
    return OneHot(dict(encoding.choices))


def distributions(encoding: Encoding) -> dict[str, BaseDistribution]:
    """All decisions as the service has them in a study."""
    return {name: _answers(count) for name, count in encoding.choices.items()}


_answers = lru_cache(Answers)  # those of as many choices are one, and equal at a glance


def _ours(encoding: Encoding, seed: int, objectives: int) -> BaseSampler:
    """The first objective is quality, the others are costs."""
    return PredictorSampler(encoding, distributions(encoding), seed=seed, costs=range(1, objectives))


def _tpe(_: Encoding, seed: int, __: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(multivariate=True, group=True, seed=seed)


COMPETITORS: Mapping[str, Callable[[Encoding, int, int], BaseSampler]] = {
    "default": _ours,
    "default_plain": lambda encoding, seed, objectives: _ours(_plain(encoding), seed, objectives),
    "random": lambda encoding, seed, _: RandomWithoutRepeats(distributions(encoding), seed),
    "tpe": _tpe,
    "nsga2": lambda _, seed, __: NSGAIISampler(seed=seed),
    "nsga2_no_repeats": lambda encoding, seed, _: NSGAIIWithoutRepeats(distributions(encoding), seed),
    "evolution": lambda encoding, seed, _: EvolutionSampler(
        _plain(encoding), distributions(encoding), seed=seed, repeats=True
    ),
    "evolution_no_repeats": lambda encoding, seed, _: EvolutionSampler(
        _plain(encoding), distributions(encoding), seed=seed
    ),
    "gp": lambda _, seed, __: GPSampler(seed=seed),
}
