"""Given cells before proposed ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from search_space.genotype import InvalidGenotype
from service.domain.job import JobSpec
from service.domain.trial import Proposal, Trial
from service.ports import Proposer
from service.sampling.finite import GIVEN


class SeededProposer:
    """Proposes the cells that a job begins with, as trials 0, 1, ...; from then on, another proposer does.

    A given cell may lie outside the job's space. Then it has no choices, and the other proposer, which knows cells by
    their choices alone, is not told of it.
    """

    def __init__(self, spec: JobSpec, then: Proposer) -> None:
        self._given = [_proposal(spec, number) for number in range(len(spec.seed_with))]
        self._hidden = [proposal.number for proposal in self._given if not proposal.choices]
        self._then = then

    def propose(self, number: int, attempt: int, known: Sequence[Trial], pending: Sequence[Proposal] = ()) -> Proposal:
        """See `Proposer.propose`."""
        if number < len(self._given):
            return self._given[number]
        if self._hidden:
            known = [replace(trial, proposal=self._told(trial.proposal)) for trial in known if trial.proposal.choices]
            pending = [self._told(proposal) for proposal in pending if proposal.choices]
        return replace(self._then.propose(number - len(self._hidden), attempt, known, pending), number=number)

    def _told(self, proposal: Proposal) -> Proposal:
        """With the number that it has for who is not told of all."""
        return replace(proposal, number=proposal.number - sum(hidden < proposal.number for hidden in self._hidden))


def _proposal(spec: JobSpec, number: int) -> Proposal:
    genotype = spec.seed_with[number]
    try:
        choices = spec.space.choices(genotype)
        return Proposal(number, choices, genotype, {GIVEN: choices})
    except InvalidGenotype:
        return Proposal(number, {}, genotype)
