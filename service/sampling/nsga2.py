"""NSGA-II (Deb et al. 2002) whose generations are a function of the trials alone."""

from __future__ import annotations

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from service.sampling.proposer import Distributions

POPULATION = 16


class _RebuildableNSGAII(NSGAIISampler):
    """Optuna keeps each generation's parents in the study; here they follow from the trials, whoever asks and when."""

    def __init__(self, seed: int, distributions: Distributions) -> None:
        super().__init__(population_size=POPULATION, seed=seed)
        self._distributions = dict(distributions)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {name: distribution for name, distribution in self._distributions.items() if not distribution.single()}

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        # Trials that were under way when the generation was full belong to it too: they are left out, since
        # the parents that were chosen at that moment did not know them.
        return super().get_population(study, generation)[:POPULATION]

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        # Optuna returns them in the order of their rank when it chooses them, and by number afterwards.
        return sorted(super().get_parent_population(study, generation), key=lambda trial: trial.number)


def nsga2(seed: int, distributions: Distributions) -> BaseSampler:
    """A sampler for one proposal."""
    return _RebuildableNSGAII(seed, distributions)
