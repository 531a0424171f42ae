"""Jobs with recorded trials, made through the store as a scheduler makes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.domain.job import Job, JobState
from service.domain.trial import Evaluation, TrialState
from service.ports import UnitOfWork
from tests.builders import failed, job_spec, proposal
from workers.messages import Evaluated


def record_job(work: UnitOfWork, results: Iterable[Evaluated | None], **changes: Any) -> Job:
    """A finished job with one fully trained trial a result; None is a failure."""
    with work() as store:
        added = store.add_job(job_spec(**changes))
        claimed = store.claim_job("a", 1000.0)
        assert claimed
        job, lease = claimed
        assert job.id == added.id
        for number, result in enumerate(results):
            store.add_trial(lease, proposal(number))
            state = TrialState.DONE if result else TrialState.FAILED
            store.add_evaluation(lease, number, Evaluation(result or failed()), state)
        return store.release(lease, JobState.DONE, 12.0)
