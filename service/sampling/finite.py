"""What our own samplers for Optuna share: finite decisions as rows of indices, and the past."""

from __future__ import annotations

import threading
import warnings
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
from service.sampling.predictor import Matrix, Observations

WITHDRAWN = "cellsmith:withdrawn"  # a trial with this user attribute was never part of the search
ASKED = "cellsmith:asked"  # what a trial will try, which its parameters tell one by one
GIVEN = "fixed_params"  # Optuna's own: a trial with this system attribute was given, not proposed
MOST_CHOICES = 1000  # integers with more values are no finite decision
MOST = 1e100  # larger numbers stand for what has no bounds
ONE_AT_A_TIME = threading.RLock()
"""Samplers set what belongs to the whole process while they propose: threads of the BLAS, filters of warnings. And
threads that share a study each see what the others were told to try."""

Distributions = Mapping[str, BaseDistribution]


class FiniteSampler(BaseSampler):
    """Proposes categorical and integer parameters together; all others are drawn at random.

    These are the continuous ones, and integers with more than MOST_CHOICES values.

    `encoding` says what is known of the search space, by default no more than its choices. `distributions` are
    needed for the first trial to be drawn by this sampler too; without them they are taken from the first trials.
    """

    def __init__(self, encoding: Encoding | None, distributions: Distributions | None, seed: int | None) -> None:
        self._encoding = encoding
        self._distributions = distributions and _finite(distributions)
        self._independent = RandomSampler(seed=seed)
        self._intersection = IntersectionSearchSpace()
        self._warned_of: set[str] = set()

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
        choices = {name: _choices(distribution) for name, distribution in _finite(search_space).items()}
        encoding = self._encoding or OneHot({name: len(own) for name, own in choices.items()})
        with ONE_AT_A_TIME:
            row = self.propose(study, Past(study, trial, choices), encoding)
            answers = {name: own[index] for (name, own), index in zip(choices.items(), row, strict=True)}
            study._storage.set_trial_system_attr(trial._trial_id, ASKED, answers)
        return answers

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A parameter that is not finite, or was not seen in every trial: at random. Warns of the first kind once."""
        if not _finite({param_name: param_distribution}) and param_name not in self._warned_of:
            self._warned_of.add(param_name)
            warnings.warn(
                f"{type(self).__name__} draws {param_name!r} at random: it learns only of categorical parameters, and "
                f"of integers with at most {MOST_CHOICES} values.",
                stacklevel=2,
            )
        return self._independent.sample_independent(study, trial, param_name, param_distribution)


def is_given(trial: FrozenTrial) -> bool:
    """Whether somebody enqueued it."""
    return GIVEN in trial.system_attrs


class Past:
    """What was asked before `trial`, in the order of asking, however it ended or whether it has.

    Where threads share a study some trials with a `later` number may know already what they try. Trials that were given
    other values than there are to choose from, or failed with them, are none of all that.
    """

    def __init__(self, study: Study, trial: FrozenTrial, choices: Mapping[str, Sequence[Any]]) -> None:
        self._choices = choices
        self._signs = np.array([-1.0 if one == StudyDirection.MAXIMIZE else 1.0 for one in study.directions])
        others = [
            other
            for other in study.get_trials(deepcopy=False)
            if other.number != trial.number and WITHDRAWN not in other.user_attrs and self._says_what_it_tries(other)
        ]
        self.trials = [other for other in others if other.number < trial.number]
        self.later = [other for other in others if other.number > trial.number]

    def __len__(self) -> int:
        return len(self.trials)

    def known(self, before: int) -> list[FrozenTrial]:
        """Those of the first `before` that have a result."""
        return [trial for trial in self.trials[: max(0, before)] if trial.state == TrialState.COMPLETE]

    def answers(self, trials: Sequence[FrozenTrial]) -> Answers:
        """Their parameters as indices."""
        taken = map(_taken, trials)
        rows = [[own.index(params[name]) for name, own in self._choices.items()] for params in taken]
        return np.array(rows, dtype=np.intp).reshape(len(trials), len(self._choices))

    def observations(self, trials: Sequence[FrozenTrial]) -> Observations:
        """What came of trials that have a result. One that lacks a constraint of others is as bad in it as any."""
        constraints = dict.fromkeys(name for trial in trials for name in trial.constraints)
        excesses = [[trial.constraints.get(name, np.inf) for name in constraints] for trial in trials]
        losses = self._signs * np.array([trial.values for trial in trials]).reshape(len(trials), -1)
        return Observations(
            self.answers(trials),
            _bounded(losses),
            _bounded(np.array(excesses, dtype=float).reshape(len(trials), -1), least_worst=1.0),
        )

    def _says_what_it_tries(self, trial: FrozenTrial) -> bool:
        taken = _taken(trial)
        if not self._choices.keys() <= taken.keys():
            return False
        if trial.state == TrialState.COMPLETE and not is_given(trial):
            return True  # what there is to choose from is told from these
        return all(taken[name] in own for name, own in self._choices.items())


def _taken(trial: FrozenTrial) -> Mapping[str, Any]:
    """The parameters of a trial, also of one that is still asking for them, or that failed or was pruned before."""
    return trial.params if trial.state == TrialState.COMPLETE else trial.system_attrs.get(ASKED, {}) | trial.params


def _bounded(values: Matrix, least_worst: float = -np.inf) -> Matrix:
    """What is beyond MOST as the largest other number of its column, or as `least_worst` if that is more; so below."""
    beyond = ~(np.abs(values) < MOST)
    if not beyond.any():
        return values
    ordinary = np.ma.masked_array(values, beyond)
    lowest, highest = ordinary.min(axis=0).filled(0.0), ordinary.max(axis=0).filled(0.0)
    bounded: Matrix = np.clip(values, lowest, np.maximum(highest, least_worst))
    return bounded


def _finite(distributions: Distributions) -> dict[str, CategoricalDistribution | IntDistribution]:
    return {
        name: distribution
        for name, distribution in distributions.items()
        if isinstance(distribution, CategoricalDistribution | IntDistribution)
        and len(_choices(distribution)) <= MOST_CHOICES
    }


def _choices(distribution: CategoricalDistribution | IntDistribution) -> Sequence[Any]:
    if isinstance(distribution, IntDistribution):
        return range(distribution.low, distribution.high + 1, distribution.step)
    return distribution.choices
