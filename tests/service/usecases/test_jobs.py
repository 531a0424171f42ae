"""What a user may do with a job."""

from __future__ import annotations

import pytest

from service.domain.errors import Conflict, Invalid, KeyReused, NotFound
from service.domain.job import JobState
from service.domain.objectives import Objective
from service.ports import UnitOfWork
from service.store.memory import MemoryUnitOfWork
from service.usecases import jobs, trials
from tests.builders import evaluated, job_spec
from tests.service.usecases.recorded import record_job


@pytest.fixture
def work() -> UnitOfWork:
    return MemoryUnitOfWork()


def test_a_submitted_job_waits(work: UnitOfWork) -> None:
    job = jobs.submit(job_spec(name="first"), work)
    status = jobs.get(job.id, work)
    assert status.job == job
    assert job.state is JobState.QUEUED
    assert status.progress.proposed == 0


def test_submitting_again_with_the_same_key_gives_the_same_job(work: UnitOfWork) -> None:
    first = jobs.submit(job_spec(), work, key="k", body_hash="h")
    assert jobs.submit(job_spec(), work, key="k", body_hash="h") == first
    with pytest.raises(KeyReused):
        jobs.submit(job_spec(), work, key="k", body_hash="other")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dataset": "digit"}, "dataset"),
        ({"objectives": (Objective("params", limit=3),)}, "objectives.0.limit"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_stored(
    work: UnitOfWork, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        jobs.submit(job_spec(**changes), work)
    assert refusal.value.field == field
    assert jobs.newest(work) == []


def test_a_job_can_be_paused_resumed_and_cancelled(work: UnitOfWork) -> None:
    id = jobs.submit(job_spec(), work).id
    assert jobs.pause(id, work).state is JobState.PAUSED
    assert jobs.resume(id, work).state is JobState.QUEUED
    assert jobs.cancel(id, work).state is JobState.CANCELLED
    for move in (jobs.pause, jobs.resume, jobs.cancel):
        with pytest.raises(Conflict, match="cancelled"):
            move(id, work)
        with pytest.raises(NotFound):
            move(id + 1, work)


def test_trials_come_in_pages(work: UnitOfWork) -> None:
    job = record_job(work, [evaluated(), None, evaluated(), evaluated()])
    assert [trial.number for trial in trials.page(job.id, work, limit=2)] == [0, 1]
    assert [trial.number for trial in trials.page(job.id, work, after=1, limit=2)] == [2, 3]
    assert trials.page(job.id, work, after=3) == []
    assert trials.get(job.id, 1, work).failure is not None
    with pytest.raises(NotFound):
        trials.get(job.id, 4, work)
