"""What a user may do with a job."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest

from service.domain.errors import Conflict, Invalid, KeyReused, NotFound
from service.domain.job import Budget, JobState, Resources
from service.domain.objectives import Objective
from service.ports import Store, UnitOfWork
from service.store.memory import MemoryUnitOfWork
from service.usecases import jobs, trials
from tests.builders import evaluated, genotype, job_spec, latency
from tests.service.usecases.recorded import record_job


@pytest.fixture
def work() -> UnitOfWork:
    return MemoryUnitOfWork()


class Opened:
    """Counts the transactions of a record."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work, self.count = work, 0

    def __call__(self) -> AbstractContextManager[Store]:
        self.count += 1
        return self._work()


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


def test_all_that_is_looked_up_at_submission_takes_no_writers_lock(work: UnitOfWork) -> None:
    known = record_job(work, [evaluated(6)])
    writing = Opened(work)
    job = jobs.submit(job_spec(reuse=known.id), writing, "k", "h", ["nasnet-a"], reading=work)
    assert len(job.spec.seed_with) == 2
    assert writing.count == 1
    jobs.submit(job_spec(reuse=known.id), writing, "k", "h", reading=work)
    assert writing.count == 1


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


def test_a_worker_that_wants_more_processors_than_evaluations_may_use_is_refused(work: UnitOfWork) -> None:
    with work() as store:
        store.save_device("local", {"cores": 8, "processors": 2})
    jobs.submit(job_spec(resources=Resources(cpus=2)), work)
    with pytest.raises(Invalid, match=r"2 processors here.*CELLSMITH_WORKERS") as refusal:
        jobs.submit(job_spec(resources=Resources(cpus=3)), work)
    assert refusal.value.field == "resources.cpus"


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


def test_a_job_may_begin_with_the_front_of_another(work: UnitOfWork) -> None:
    results = [
        evaluated(accuracy=0.7, latency=latency(1.0)),
        evaluated(accuracy=0.9, latency=latency(3.0)),
        evaluated(accuracy=0.8, latency=latency(2.0)),
        evaluated(accuracy=0.6, latency=latency(4.0)),  # beaten by all of them
        None,
    ]
    other = record_job(work, results)
    spec = jobs.submit(job_spec(reuse=other.id), work).spec
    assert spec.seed_with == (genotype(1), genotype(2), genotype(0))
    assert spec.reuse == other.id
    few = jobs.submit(job_spec(reuse=other.id, budget=Budget(trials=2)), work, seed_with=[genotype(2).key]).spec
    assert few.seed_with == (genotype(2), genotype(1))


def test_a_job_cannot_begin_with_a_front_that_is_not_there(work: UnitOfWork) -> None:
    empty = record_job(work, [None])
    for id, told in [(empty.id, "has no front yet"), (7, "no job 7")]:
        with pytest.raises(Invalid, match=told) as refusal:
            jobs.submit(job_spec(reuse=id), work)
        assert refusal.value.field == "reuse"
    assert len(jobs.newest(work)) == 1


def test_trials_come_in_pages(work: UnitOfWork) -> None:
    job = record_job(work, [evaluated(), None, evaluated(), evaluated()])
    assert [trial.number for trial in trials.page(job.id, work, limit=2)] == [0, 1]
    assert [trial.number for trial in trials.page(job.id, work, after=1, limit=2)] == [2, 3]
    assert trials.page(job.id, work, after=3) == []
    assert trials.get(job.id, 1, work).failure is not None
    with pytest.raises(NotFound):
        trials.get(job.id, 4, work)
