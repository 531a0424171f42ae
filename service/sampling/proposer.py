"""Any Optuna sampler as a Proposer: a function of the recorded trials, rebuilt from them at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from search_space.space import CellSpace
from service.domain.objectives import Objective, losses
from service.domain.trial import Proposal, Trial

Distributions = Mapping[str, BaseDistribution]
MakeSampler = Callable[[int, Distributions], BaseSampler]

CONSTRAINTS = "constraints"  # where Optuna's samplers look for them in a trial's system attributes


class OptunaProposer:
    """Asks a sampler that `make_sampler(seed, distributions)` makes afresh for every proposal.

    The study lives in memory and holds what is recorded, in the order of the trials' numbers: an asked trial is
    closed at once and its result comes in as a trial of its own, so that a study that grew with the search and
    one that was rebuilt after a crash are the same.
    """

    def __init__(
        self, space: CellSpace, objectives: tuple[Objective, ...], seed: int, make_sampler: MakeSampler
    ) -> None:
        self._space = space
        self._objectives = objectives
        self._seed = seed
        self._make_sampler = make_sampler
        self._distributions: dict[str, BaseDistribution] = {
            decision.name: CategoricalDistribution(tuple(range(len(decision.choices)))) for decision in space.decisions
        }
        self._study = optuna.create_study(directions=["minimize"] * len(objectives))
        self._told = 0

    def propose(self, number: int, attempt: int, known: Sequence[Trial]) -> Proposal:
        """Proposal `number`, a function of the job's seed, `number`, `attempt` and `known` alone."""
        for trial in known[self._told :]:
            self._study.add_trial(self._as_optuna(trial))
        self._told = len(known)
        seed = int(np.random.SeedSequence((self._seed, number, attempt)).generate_state(1)[0])
        sampler = self._study.sampler = self._make_sampler(seed, self._distributions)
        open_trial = self._study.ask()
        answers = open_trial.relative_params
        asked = self._study.tell(open_trial, state=TrialState.FAIL)
        choices = {
            name: int(answers[name] if name in answers else sampler.sample_independent(self._study, asked, name, each))
            for name, each in self._distributions.items()
        }
        return Proposal(number, choices, self._space.genotype(choices), dict(asked.system_attrs))

    def _as_optuna(self, trial: Trial) -> FrozenTrial:
        """A trial that was stopped early counts with what it had reached: less than it would have."""
        result = trial.best_known
        attributes = dict(trial.proposal.attributes)
        if result is not None:
            attributes[CONSTRAINTS] = [objective.violation(result) for objective in self._objectives]
        return create_trial(
            state=TrialState.COMPLETE if result is not None else TrialState.FAIL,
            values=list(losses(self._objectives, result)) if result is not None else None,
            params=dict(trial.proposal.choices),
            distributions=self._distributions,
            system_attrs=attributes,
        )
