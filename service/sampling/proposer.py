"""Any Optuna sampler as a Proposer: a function of the recorded trials, rebuilt from them at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from search_space.space import CellSpace
from service.domain.job import JobSpec
from service.domain.limits import known_of_rejected
from service.domain.trial import Proposal, Trial
from service.sampling.finite import ASKED, ONE_AT_A_TIME, WITHDRAWN, Distributions


@dataclass(frozen=True, slots=True)
class Turn:
    """Which proposal is asked for: `attempt` is above 0 where one for this number was turned down."""

    job_seed: int
    number: int
    attempt: int

    @property
    def seed(self) -> int:
        """A seed of this turn's own."""
        return int(np.random.SeedSequence((self.job_seed, self.number, self.attempt)).generate_state(1)[0])


MakeSampler = Callable[[Turn, Distributions], BaseSampler]


class Answers(CategoricalDistribution):
    """The answers of one decision, as their indices. Optuna copies and compares what cannot change: this is quick."""

    def __init__(self, answers: int) -> None:
        super().__init__(tuple(range(answers)))

    def __deepcopy__(self, memo: dict[int, object]) -> Answers:
        return self

    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)

    __hash__ = CategoricalDistribution.__hash__


class OptunaProposer:
    """Asks the sampler that `make_sampler(turn, distributions)` gives for every proposal.

    The study lives in memory and holds what is recorded, in the order of the trials' numbers. An asked trial is
    withdrawn at once: it comes in again when it is recorded, first as one that runs, later with its result. So a
    study that grew with the search and one that was rebuilt after a crash hold the same.
    """

    def __init__(self, spec: JobSpec, make_sampler: MakeSampler) -> None:
        self._space = spec.space
        self._skeleton = spec.skeleton
        self._objectives = spec.objectives
        self._seed = spec.seed
        self._make_sampler = make_sampler
        self._distributions = distributions_of(spec.space)
        self._study = optuna.create_study(directions=["minimize"] * len(spec.objectives))
        self._asked: list[FrozenTrial] = []
        self._told = 0
        self._worst = [objective.directed(0.0) for objective in spec.objectives]

    def propose(self, number: int, attempt: int, known: Sequence[Trial], pending: Sequence[Proposal] = ()) -> Proposal:
        """Proposal `number`, a function of the job's seed and of what is given here alone."""
        with ONE_AT_A_TIME:
            return self._proposed(number, attempt, known, pending)

    def _proposed(self, number: int, attempt: int, known: Sequence[Trial], pending: Sequence[Proposal]) -> Proposal:
        self._tell(known)
        for proposal in pending[max(0, len(self._asked) - len(known)) :]:
            self._add(proposal)
        sampler = self._study.sampler = self._make_sampler(Turn(self._seed, number, attempt), self._distributions)
        asked = self._study.ask()
        asked.set_user_attr(WITHDRAWN, True)
        together = asked.relative_params
        withdrawn = self._study.tell(asked, state=TrialState.FAIL)
        choices = {
            name: int(
                together[name] if name in together else sampler.sample_independent(self._study, withdrawn, name, own)
            )
            for name, own in self._distributions.items()
        }
        attributes = {name: value for name, value in withdrawn.system_attrs.items() if name != ASKED}
        return Proposal(number, choices, self._space.genotype(choices), attributes)

    def _tell(self, known: Sequence[Trial]) -> None:
        for trial in known[self._told :]:
            if trial.number == len(self._asked):
                self._add(trial.proposal)
            self._close(self._asked[trial.number], trial)
        self._told = max(self._told, len(known))

    def _add(self, proposal: Proposal) -> None:
        """A trial under way."""
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=dict(proposal.choices),
                distributions=dict(self._distributions),
                system_attrs=dict(proposal.attributes),
            )
        )
        self._asked.append(self._study.get_trials(deepcopy=False)[-1])

    def _close(self, asked: FrozenTrial, trial: Trial) -> None:
        """Tells the study what came of a trial.

        One that was stopped early counts with what it reached, which is worse than what it might have. One that was
        rejected has what is known of it, and for the rest the worst so far: its constraints say what is wrong.
        """
        result = trial.best_known
        if result is not None:
            values = {objective.metric: objective.value(result) for objective in self._objectives}
        elif trial.rejected:
            values = known_of_rejected(self._objectives, trial, self._skeleton)
        else:
            self._study.tell(asked.number, state=TrialState.FAIL)
            return
        for objective in self._objectives:
            if objective.limit is not None:
                excess = objective.excess(values[objective.metric]) if objective.metric in values else 0.0
                optuna.Trial(self._study, asked._trial_id).set_constraint(objective.metric, excess)
        told = [
            objective.directed(values[objective.metric]) if objective.metric in values else worst
            for objective, worst in zip(self._objectives, self._worst, strict=True)
        ]
        self._worst = [max(worst, loss) for worst, loss in zip(self._worst, told, strict=True)]
        self._study.tell(asked.number, told)


def distributions_of(space: CellSpace) -> Distributions:
    """A space as Optuna knows it: for each decision the indices of its choices."""
    return {decision.name: Answers(len(decision.choices)) for decision in space.decisions}
