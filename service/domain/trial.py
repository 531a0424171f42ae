"""A trial: one architecture tried within a job, with its evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from search_space.genotype import Genotype
from service.domain.errors import Conflict
from workers.messages import Evaluated, EvaluationReport, Failed, FailureClass


class TrialState(StrEnum):
    """Where a trial is in its life."""

    PROPOSED = "proposed"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


MOVES: Mapping[TrialState, frozenset[TrialState]] = {
    TrialState.PROPOSED: frozenset(TrialState),
    TrialState.STOPPED: frozenset(),
    TrialState.DONE: frozenset({TrialState.DONE}),  # it may be trained again with another seed
    TrialState.FAILED: frozenset(),
}
"""The states that a trial may have after one more report."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The answers a sampler gives. `attributes` is what the sampler needs to be rebuilt from its past proposals."""

    number: int
    choices: Mapping[str, int]
    genotype: Genotype
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A report as it is recorded. `reused_from` is the evaluation it repeats, where no training was needed.

    `request_key` is the `EvaluationRequest.key` it answers; empty where no other job may reuse it.
    """

    report: EvaluationReport
    reused_from: int | None = None
    request_key: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One architecture tried within a job. `evaluations` rise in fidelity; a failure is the last."""

    proposal: Proposal
    state: TrialState = TrialState.PROPOSED
    evaluations: tuple[Evaluation, ...] = ()

    @property
    def number(self) -> int:
        return self.proposal.number

    @property
    def ended(self) -> bool:
        return self.state is not TrialState.PROPOSED

    @property
    def best_known(self) -> Evaluated | None:
        """The result at the highest fidelity reached, if there is one."""
        results = [e.report for e in self.evaluations if isinstance(e.report, Evaluated)]
        return results[-1] if results else None

    @property
    def failure(self) -> Failed | None:
        """The failure that ended this trial, if one did."""
        failures = [e.report for e in self.evaluations if isinstance(e.report, Failed)]
        return failures[-1] if failures else None

    @property
    def rejected(self) -> bool:
        """Whether it was turned down before training, since it is known to miss a limit. Such a trial costs nothing."""
        return self.failure is not None and self.failure.failure is FailureClass.INFEASIBLE

    @property
    def full_result(self) -> Evaluated | None:
        """The result at full fidelity, which alone counts for the front."""
        return self.best_known if self.state is TrialState.DONE else None

    @property
    def reused(self) -> bool:
        """Whether no training was needed."""
        return bool(self.evaluations) and all(e.reused_from is not None for e in self.evaluations)

    def moved_to(self, state: TrialState) -> Trial:
        """This trial in the state it has after one more report; Conflict where it has ended otherwise."""
        refuse_move(self.number, self.state, state)
        return replace(self, state=state)

    def at(self, fidelity: int) -> Evaluated | None:
        """The result at exactly this fidelity, if there is one."""
        for evaluation in self.evaluations:
            if isinstance(evaluation.report, Evaluated) and evaluation.report.fidelity == fidelity:
                return evaluation.report
        return None


def refuse_move(number: int, old: TrialState, new: TrialState) -> None:
    """Conflict where the table of moves does not allow it."""
    if new not in MOVES[old]:
        raise Conflict(f"Trial {number} is {old} and cannot become {new}.")
