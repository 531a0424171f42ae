"""A trial: one architecture tried within a job, with its evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from search_space.genotype import Genotype
from workers.messages import Evaluated, EvaluationReport, Failed, FailureClass


class TrialState(StrEnum):
    """Where a trial is in its life."""

    PROPOSED = "proposed"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


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

    def at(self, fidelity: int) -> Evaluated | None:
        """The result at exactly this fidelity, if there is one."""
        for evaluation in self.evaluations:
            if isinstance(evaluation.report, Evaluated) and evaluation.report.fidelity == fidelity:
                return evaluation.report
        return None
