"""How far a job is: trials by how they ended, the best so far, the time left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.forecast import seconds_to_come
from service.domain.job import ENDED, Job
from service.domain.trial import Trial, TrialState


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a job's trials, out of `budget` trials. `reused` trials needed no training and also count as ended.

    `reused_evaluations` were taken from the record, those of trials that were then trained further among them.
    `rejected` trials miss a limit and were not trained: they are in no other count and cost no budget.

    `best_accuracy` is a share at full fidelity; `seconds_left` a forecast, None before the first trial has ended.
    """

    budget: int
    proposed: int
    done: int
    stopped: int
    failed: int
    reused: int
    best_accuracy: float | None
    seconds_used: float
    seconds_left: float | None
    rejected: int = 0
    reused_evaluations: int = 0

    @property
    def ended(self) -> int:
        """Trials that are over, however they went."""
        return self.done + self.stopped + self.failed


def progress(job: Job, trials: Sequence[Trial]) -> Progress:
    """How far `job` is by its recorded `trials`."""
    rejected = sum(trial.rejected for trial in trials)
    states = Counter(trial.state for trial in trials if not trial.rejected)
    return Progress(
        budget=job.spec.budget.trials,
        proposed=len(trials) - rejected,
        done=states[TrialState.DONE],
        stopped=states[TrialState.STOPPED],
        failed=states[TrialState.FAILED],
        reused=sum(trial.reused for trial in trials),
        best_accuracy=max((trial.full_result.accuracy for trial in trials if trial.full_result), default=None),
        seconds_used=job.seconds_used,
        seconds_left=_seconds_left(job, trials),
        rejected=rejected,
        reused_evaluations=sum(own.reused_from is not None for trial in trials for own in trial.evaluations),
    )


def _seconds_left(job: Job, trials: Sequence[Trial]) -> float | None:
    """What the trials still cost, or the time that the budget leaves, if that is less."""
    if job.state in ENDED:
        return 0.0
    to_come = seconds_to_come(job.spec, trials, job.seconds_used)
    return None if to_come is None else max(0.0, min(to_come, job.spec.budget.seconds - job.seconds_used))
