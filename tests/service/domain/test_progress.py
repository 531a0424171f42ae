"""How far a job is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from service.domain.job import Budget, Job, JobState
from service.domain.progress import Progress, progress
from service.domain.tally import Tally
from service.domain.trial import Evaluation, Trial, TrialState
from tests.builders import evaluated, evaluation, failed, job_spec, proposal

JOB = Job(1, job_spec(budget=Budget(trials=10, seconds=100.0)), JobState.RUNNING, datetime.now(UTC), seconds_used=20.0)
TRIALS = [
    Trial(proposal(0), TrialState.DONE, (evaluation(2), evaluation(6, accuracy=0.7))),
    Trial(proposal(1), TrialState.STOPPED, (evaluation(2, accuracy=0.9),)),
    Trial(proposal(2), TrialState.FAILED, (Evaluation(failed()),)),
    Trial(proposal(3), TrialState.DONE, (Evaluation(evaluated(6, accuracy=0.8), reused_from=7),)),
    Trial(proposal(4)),
]


def told(job: Job, trials: Sequence[Trial]) -> Progress:
    return progress(job, Tally.of(job.spec, trials))


def test_progress_counts_trials_by_how_they_ended() -> None:
    counted = told(JOB, TRIALS)
    assert counted.seconds_left is not None
    assert replace(counted, seconds_left=30.0) == Progress(
        budget=10,
        proposed=5,
        done=2,
        stopped=1,
        failed=1,
        reused=1,
        reused_evaluations=1,
        seconds_used=20.0,
        seconds_left=30.0,
    )


def test_the_time_left_is_never_more_than_the_budget_leaves() -> None:
    assert told(replace(JOB, seconds_used=90.0), TRIALS).seconds_left == 10.0
    assert told(replace(JOB, seconds_used=120.0), TRIALS).seconds_left == 0.0


def test_nothing_is_forecast_before_the_first_trial_has_ended() -> None:
    assert told(JOB, TRIALS[-1:]).seconds_left is None
    assert told(JOB, []).seconds_left is None


def test_a_job_that_has_ended_has_no_time_left() -> None:
    assert told(replace(JOB, state=JobState.CANCELLED), []).seconds_left == 0.0
