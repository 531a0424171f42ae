"""NSGA-II (Deb et al. 2002) and NSGA-III (Deb and Jain 2014), whose generations are a function of the trials alone."""

from __future__ import annotations

import warnings

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from service.sampling.finite import Distributions
from service.sampling.proposer import Turn

POPULATION = 16


class _Rebuildable:
    """Optuna keeps each generation's parents in the study; here they follow from the trials, whoever asks and when.

    The two samplers differ in nothing that matters here, but share no class that has all of it: hence a second base.
    """

    _distributions: Distributions

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        del study, trial
        return {name: distribution for name, distribution in self._distributions.items() if not distribution.single()}

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        # Trials that were under way when the generation was full belong to it too: they are left out, since
        # the parents that were chosen at that moment did not know them.
        population: list[FrozenTrial] = super().get_population(study, generation)  # type: ignore[misc]
        return population[:POPULATION]

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        # Optuna returns them in the order of their rank when it chooses them, and by number afterwards.
        parents: list[FrozenTrial] = super().get_parent_population(study, generation)  # type: ignore[misc]
        return sorted(parents, key=lambda trial: trial.number)


class _RebuildableNSGAII(_Rebuildable, NSGAIISampler):
    def __init__(self, seed: int, distributions: Distributions) -> None:
        super().__init__(population_size=POPULATION, seed=seed)
        self._distributions = distributions


class _RebuildableNSGAIII(_Rebuildable, NSGAIIISampler):
    def __init__(self, seed: int, distributions: Distributions, job_seed: int) -> None:
        super().__init__(population_size=POPULATION, seed=seed)
        self._distributions = distributions
        self._job_seed = job_seed

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        # Ties between reference points are broken by chance, which must be the same for whoever asks first.
        own = self._rng.rng.get_state()
        self._rng.rng.seed(int(np.random.SeedSequence((self._job_seed, generation)).generate_state(1)[0]))
        parents = super().select_parent(study, generation)
        self._rng.rng.set_state(own)
        return parents


def nsga2(turn: Turn, distributions: Distributions) -> BaseSampler:
    """A sampler for one proposal."""
    return _RebuildableNSGAII(turn.seed, distributions)


def nsga3(turn: Turn, distributions: Distributions) -> BaseSampler:
    """A sampler for one proposal."""
    with warnings.catch_warnings():
        # We fixed Optuna's version, so that its interface cannot change under us.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _RebuildableNSGAIII(turn.seed, distributions, turn.job_seed)
