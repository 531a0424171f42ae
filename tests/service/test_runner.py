"""The scheduler's life: what becomes of a job when it ends, is cancelled, stopped, taken over, or fails."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from service.dispatch.inline import InlineDispatcher
from service.domain.errors import Unavailable
from service.domain.job import JobSpec, JobState
from service.leases import Leases
from service.ports import Proposer
from service.runner import MOST_TAKE_UPS, Runner
from service.sampling.registry import proposer_for
from service.search import Dispatcher, Search
from service.store.memory import MemoryStore, MemoryUnitOfWork
from service.usecases import jobs
from tests.fake_evaluations import evaluate
from tests.fakes import a_spec
from tests.processes import wait_for


class Until:
    """A dispatcher that works until its search is stopped."""

    def run(self, search: Search) -> None:
        search.next()
        while not search.stopped:
            time.sleep(0.01)


class Raises:
    """A dispatcher that fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def run(self, search: Search) -> None:
        raise self._error


def a_runner(work: MemoryUnitOfWork, dispatcher: Dispatcher, **times: float) -> Runner:
    return Runner(Leases(work, work, "test", **times), proposer_for, lambda *_: dispatcher)


def submitted(work: MemoryUnitOfWork) -> int:
    with work() as store:
        return store.add_job(a_spec(trials=5)).id


def in_background(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_a_job_whose_budget_is_spent_is_done() -> None:
    work = MemoryUnitOfWork()
    id = submitted(work)
    assert a_runner(work, InlineDispatcher(evaluate)).run_one()
    job = jobs.get(id, work).job
    assert job.state is JobState.DONE
    assert job.message == ""
    assert not a_runner(work, InlineDispatcher(evaluate)).run_one()


@pytest.mark.parametrize(("move", "state"), [(jobs.cancel, JobState.CANCELLED), (jobs.pause, JobState.PAUSED)])
def test_a_running_job_that_its_user_moves_is_let_go_within_a_second_or_two(
    move: Callable[[int, MemoryUnitOfWork], object], state: JobState
) -> None:
    work = MemoryUnitOfWork()
    id = submitted(work)
    driving = in_background(a_runner(work, Until()).run_one)
    wait_for(lambda: jobs.get(id, work).progress.proposed > 0, 10, "the job runs")
    move(id, work)
    driving.join(10)
    assert not driving.is_alive()
    assert jobs.get(id, work).job.state is state


def test_a_stopped_runner_leaves_its_job_for_the_next_one_at_once() -> None:
    work = MemoryUnitOfWork()
    id = submitted(work)
    runner = a_runner(work, Until(), lease_seconds=3600)
    driving = in_background(runner.run)
    wait_for(lambda: jobs.get(id, work).progress.proposed > 0, 10, "the job runs")
    runner.stop()
    driving.join(10)
    assert not driving.is_alive()
    assert jobs.get(id, work).job.state is JobState.RUNNING
    with work() as store:
        claimed = store.claim_job("another", 60)
    assert claimed is not None


class Fails:
    """A dispatcher that does so many trials each time it is called, and then fails."""

    def __init__(self, *trials: int) -> None:
        self._trials = iter(trials)

    def run(self, search: Search) -> None:
        for _ in range(next(self._trials, 0)):
            if (assignment := search.next()) is None:
                return
            for report in evaluate(assignment.request):
                if not search.report(assignment.number, report):
                    break
        raise RuntimeError("no Ray")


def test_a_job_with_trials_is_taken_up_again_and_done_where_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.runner.PAUSE_SECONDS", 0.0)
    work = MemoryUnitOfWork()
    with work() as store:
        id = store.add_job(a_spec(trials=MOST_TAKE_UPS + 1)).id
    driving = a_runner(work, Fails(*[1] * (MOST_TAKE_UPS + 2)))
    for _ in range(MOST_TAKE_UPS + 1):
        assert driving.run_one()
        assert jobs.get(id, work).job.state is JobState.RUNNING
    assert driving.run_one()
    assert jobs.get(id, work).job.state is JobState.DONE


def test_a_job_with_trials_of_which_nothing_comes_is_paused_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.runner.PAUSE_SECONDS", 0.0)
    work = MemoryUnitOfWork()
    id = submitted(work)
    driving = a_runner(work, Fails(1))
    for _ in range(MOST_TAKE_UPS):
        assert driving.run_one()
    paused = jobs.get(id, work)
    assert paused.job.state is JobState.PAUSED
    assert paused.job.message == "RuntimeError: no Ray (tried 5 times; resume it when that is mended)"
    assert paused.progress.done + paused.progress.stopped == 1
    jobs.resume(id, work)
    assert a_runner(work, InlineDispatcher(evaluate)).run_one()
    assert jobs.get(id, work).job.state is JobState.DONE


def test_a_claim_that_goes_wrong_ends_neither_the_scheduler_nor_its_jobs() -> None:
    record, claims = MemoryUnitOfWork(), list[int]()

    def work() -> AbstractContextManager[MemoryStore]:
        claims.append(1)
        if len(claims) == 1:
            raise RuntimeError("a mistake of ours")
        return record()

    id = submitted(record)
    driving = Runner(Leases(work, record, "test"), proposer_for, lambda *_: InlineDispatcher(evaluate))
    thread = in_background(driving.run)
    wait_for(lambda: jobs.get(id, record).job.state is JobState.DONE, 30, "the job is done")
    driving.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_job_whose_dispatcher_ends_early_is_not_called_done() -> None:
    work = MemoryUnitOfWork()
    id = submitted(work)

    class Leaves:
        def run(self, search: Search) -> None:
            search.next()

    a_runner(work, Leaves()).run_one()
    assert jobs.get(id, work).job.state is JobState.RUNNING


def test_a_job_that_fails_says_why_and_the_next_has_its_turn() -> None:
    work = MemoryUnitOfWork()
    first, second = submitted(work), submitted(work)
    driving = a_runner(work, Raises(RuntimeError("no room")))
    assert driving.run_one()
    assert driving.run_one()
    assert jobs.get(first, work).job.message == "RuntimeError: no room"
    assert jobs.get(second, work).job.state is JobState.FAILED


@pytest.mark.parametrize("error", [Unavailable("locked"), OSError(errno.ENOSPC, "No space left on device")])
def test_a_database_that_is_away_and_a_full_disk_fail_no_job(error: Exception) -> None:
    work = MemoryUnitOfWork()
    id = submitted(work)
    with pytest.raises(Unavailable):
        a_runner(work, Raises(error)).run_one()
    assert jobs.get(id, work).job.state is JobState.RUNNING
    a_runner(work, InlineDispatcher(evaluate)).run_one()
    assert jobs.get(id, work).job.state is JobState.DONE


def test_a_runner_that_was_taken_over_writes_nothing_more() -> None:
    work = MemoryUnitOfWork()
    id = submitted(work)
    driving = in_background(a_runner(work, Until(), lease_seconds=0.2, beat_seconds=0.1).run_one)
    wait_for(lambda: jobs.get(id, work).progress.proposed > 0, 10, "the job runs")
    with work() as store:
        store.claim_job("test", 60)
    driving.join(10)
    assert not driving.is_alive()
    assert jobs.get(id, work).job.state is JobState.RUNNING


def test_the_lease_is_prolonged_while_the_job_runs() -> None:
    work = MemoryUnitOfWork()
    submitted(work)
    runner = a_runner(work, Until(), lease_seconds=1.5, beat_seconds=0.1)
    driving = in_background(runner.run_one)
    time.sleep(2.5)
    with work() as store:
        taken = store.claim_job("another", 60)
    runner.stop()
    driving.join(10)
    assert taken is None


def test_the_lease_is_prolonged_while_a_long_record_is_read() -> None:
    work, read = MemoryUnitOfWork(), threading.Event()
    submitted(work)

    def proposer(spec: JobSpec) -> Proposer:
        assert read.wait(60)
        return proposer_for(spec)

    leases = Leases(work, work, "test", lease_seconds=1.5, beat_seconds=0.1)
    driving = in_background(Runner(leases, proposer, lambda *_: InlineDispatcher(evaluate)).run_one)
    time.sleep(2.5)
    with work() as store:
        taken = store.claim_job("another", 60)
    read.set()
    driving.join(30)
    assert taken is None
    assert not driving.is_alive()


def test_a_job_that_is_cancelled_while_its_record_is_read_has_nothing_trained() -> None:
    work, read = MemoryUnitOfWork(), threading.Event()
    id = submitted(work)

    def proposer(spec: JobSpec) -> Proposer:
        assert read.wait(60)
        return proposer_for(spec)

    driving = in_background(Runner(Leases(work, work, "test"), proposer, lambda *_: InlineDispatcher(evaluate)).run_one)
    wait_for(lambda: jobs.get(id, work).job.state is JobState.RUNNING, 10, "the job is claimed")
    jobs.cancel(id, work)
    time.sleep(1.5)  # the heart looks twice a second
    read.set()
    driving.join(30)
    assert not driving.is_alive()
    told = jobs.get(id, work)
    assert (told.job.state, told.progress.proposed, told.job.refused) == (JobState.CANCELLED, 0, 0)


def test_a_job_out_of_time_says_how_far_it_came() -> None:
    work = MemoryUnitOfWork()
    with work() as store:
        id = store.add_job(a_spec(trials=100_000, seconds=1.0)).id

    class Slow:
        def run(self, search: Search) -> None:
            while (assignment := search.next()) is not None:
                time.sleep(0.2)
                for report in evaluate(assignment.request):
                    if not search.report(assignment.number, report):
                        break

    a_runner(work, Slow()).run_one()
    job = jobs.get(id, work).job
    assert job.state is JobState.DONE
    assert job.message.startswith("The budget of 1 s was spent after")
