"""What our own samplers for Optuna share: finite decisions as rows of indices, and the past."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from service.sampling.encoding.base import Answers, Encoding
from service.sampling.encoding.one_hot import OneHot
from service.sampling.predictor import Observations

WITHDRAWN = "cellsmith:withdrawn"  # a trial with this user attribute was never part of the search

Distributions = Mapping[str, BaseDistribution]


class FiniteSampler(BaseSampler):
    """Proposes categorical and integer parameters together; continuous ones are drawn at random.

    `encoding` says what is known of the search space, by default no more than its choices. `distributions` are
    needed for the first trial to be drawn by this sampler too; without them they are taken from the first trials.
    """

    def __init__(self, encoding: Encoding | None, distributions: Distributions | None, seed: int | None) -> None:
        self._encoding = encoding
        self._distributions = distributions and _finite(distributions)
        self._independent = RandomSampler(seed=seed)
        self._intersection = IntersectionSearchSpace()

    @abstractmethod
    def propose(self, study: Study, past: Past, encoding: Encoding) -> Sequence[int]:
        """Answers to all decisions, as indices in the order of the encoding."""

    def reseed_rng(self) -> None:
        """Draws continuous parameters from another seed."""
        self._independent.reseed_rng()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The finite decisions that every trial took so far."""
        del trial
        found = self._distributions or _finite(self._intersection.calculate(study))
        if self._encoding is None or not found:
            return dict(found)
        if set(found) != set(self._encoding.choices):
            raise ValueError(f"the encoding is of {sorted(self._encoding.choices)}, the trials decide {sorted(found)}")
        return {name: found[name] for name in self._encoding.choices}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """All finite decisions at once."""
        if not search_space:
            return {}
        choices = {name: _choices(distribution) for name, distribution in search_space.items()}
        encoding = self._encoding or OneHot({name: len(own) for name, own in choices.items()})
        row = self.propose(study, Past(study, trial, choices), encoding)
        return {name: own[index] for (name, own), index in zip(choices.items(), row, strict=True)}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A parameter that is not finite, or was not seen in every trial: at random."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)


class Past:
    """What was asked before `trial`, in the order of asking, however it ended or whether it has."""

    def __init__(self, study: Study, trial: FrozenTrial, choices: Mapping[str, Sequence[Any]]) -> None:
        self.trials = [
            other
            for other in study.get_trials(deepcopy=False)
            if other.number < trial.number
            and WITHDRAWN not in other.user_attrs
            and choices.keys() <= other.params.keys()
        ]
        self._choices = choices
        self._signs = np.array([-1.0 if one == StudyDirection.MAXIMIZE else 1.0 for one in study.directions])

    def __len__(self) -> int:
        return len(self.trials)

    def known(self, before: int) -> list[FrozenTrial]:
        """Those of the first `before` that have a result."""
        return [trial for trial in self.trials[: max(0, before)] if trial.state == TrialState.COMPLETE]

    def answers(self, trials: Sequence[FrozenTrial]) -> Answers:
        """Their parameters as indices."""
        taken = (trial.params for trial in trials)
        rows = [[own.index(params[name]) for name, own in self._choices.items()] for params in taken]
        return np.array(rows, dtype=np.intp).reshape(len(trials), len(self._choices))

    def observations(self, trials: Sequence[FrozenTrial]) -> Observations:
        """What came of trials that have a result."""
        constraints = [list(trial.constraints.values()) for trial in trials]
        return Observations(
            self.answers(trials),
            self._signs * np.array([trial.values for trial in trials]).reshape(len(trials), -1),
            np.array(constraints, dtype=float).reshape(len(trials), -1),
        )


def _finite(distributions: Distributions) -> dict[str, BaseDistribution]:
    return {
        name: distribution
        for name, distribution in distributions.items()
        if isinstance(distribution, CategoricalDistribution | IntDistribution)
    }


def _choices(distribution: BaseDistribution) -> Sequence[Any]:
    if isinstance(distribution, IntDistribution):
        return range(distribution.low, distribution.high + 1, distribution.step)
    assert isinstance(distribution, CategoricalDistribution)
    return distribution.choices
