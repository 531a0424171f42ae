"""How far a job is: trials by how they ended, the best so far, the time left."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.forecast import seconds_to_come
from service.domain.job import ENDED, Job
from service.domain.tally import Tally
from service.domain.trial import TrialState


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a job's trials, out of `budget` trials. `reused` trials needed no training and also count as ended.

    `reused_evaluations` were taken from the record, those of trials that were then trained further among them.
    `rejected` trials miss a limit and were not trained: they are in no other count and cost no budget.

    `seconds_left` is a forecast, None before the first trial has ended.
    """

    budget: int
    proposed: int
    done: int
    stopped: int
    failed: int
    reused: int
    seconds_used: float
    seconds_left: float | None
    rejected: int = 0
    reused_evaluations: int = 0


def progress(job: Job, tally: Tally) -> Progress:
    """How far `job` is by its recorded trials."""
    return Progress(
        budget=job.spec.budget.trials,
        proposed=tally.accepted,
        done=tally.states.get(TrialState.DONE, 0),
        stopped=tally.states.get(TrialState.STOPPED, 0),
        failed=tally.states.get(TrialState.FAILED, 0),
        reused=tally.reused,
        seconds_used=job.seconds_used,
        seconds_left=_seconds_left(job, tally),
        rejected=tally.rejected,
        reused_evaluations=tally.reused_evaluations,
    )


def _seconds_left(job: Job, tally: Tally) -> float | None:
    """What the trials still cost, or the time that the budget leaves, if that is less."""
    if job.state in ENDED:
        return 0.0
    to_come = seconds_to_come(job.spec, tally, job.seconds_used)
    return None if to_come is None else max(0.0, min(to_come, job.spec.budget.seconds - job.seconds_used))
