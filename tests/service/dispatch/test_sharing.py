"""Several jobs on one Ray: equal ones share the workers, an urgent one has them, the last one has all again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from service.dispatch.tune import TuneDispatcher
from service.domain.job import JobSpec, JobState
from service.domain.trial import Trial
from service.leases import Leases
from service.runner import Runner
from service.sampling.registry import proposer_for
from service.store.memory import MemoryUnitOfWork
from service.usecases import jobs
from tests import fake_evaluations
from tests.fakes import a_search, a_spec
from tests.processes import wait_for
from tests.service.dispatch.evaluations import takes_a_moment

pytestmark = pytest.mark.xdist_group("ray")

PATIENCE_S = 120  # nothing is promised of how soon Ray has a process ready
MANY = 10_000


@dataclass(frozen=True)
class Done:
    """One evaluation of the job with this seed, from when to when."""

    seed: int
    started: float
    ended: float


def ledger_of(path: Path) -> list[Done]:
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [Done(int(seed), float(started), float(ended)) for seed, started, ended in lines]


def at_once(evaluations: list[Done]) -> int:
    """The most evaluations that overlap."""
    moments = sorted([(each.started, 1) for each in evaluations] + [(each.ended, -1) for each in evaluations])
    most = now = 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most


def a_job(seed: int, trials: int, priority: int = 0) -> JobSpec:
    return replace(a_spec(trials=trials, seed=seed, sampler="random", stopping="none", lag=8), priority=priority)


@contextmanager
def a_scheduler(work: MemoryUnitOfWork, ledger: Path) -> Iterator[None]:
    leases = Leases(work, work, "test")
    runner = Runner(
        leases, proposer_for, lambda _, share: TuneDispatcher(takes_a_moment, str(ledger), share=share), at_once=2
    )
    running = threading.Thread(target=runner.run)
    running.start()
    try:
        yield
    finally:
        runner.stop()
        running.join(PATIENCE_S)
        assert not running.is_alive()


def submit(work: MemoryUnitOfWork, spec: JobSpec) -> int:
    with work() as store:
        return store.add_job(spec).id


def is_done(work: MemoryUnitOfWork, id: int) -> bool:
    return jobs.get(id, work).job.state is JobState.DONE


def of(seed: int, ledger: Path) -> list[Done]:
    return [each for each in ledger_of(ledger) if each.seed == seed]


def assert_each_result_is_its_own(work: MemoryUnitOfWork, *ids: int) -> None:
    for id in ids:
        with work() as store:
            spec, trials = store.job(id).spec, store.trials(id)
        again = a_search(spec, MemoryUnitOfWork())
        for trial in trials:
            for each in trial.evaluations:
                request = replace(again._request(Trial(trial.proposal)), fidelities=(each.report.fidelity,))
                assert getattr(each.report, "accuracy", None) == getattr(
                    next(fake_evaluations.evaluate(request)), "accuracy", None
                )


def test_two_jobs_have_a_worker_each_and_the_one_that_stays_has_both_again(tmp_path: Path) -> None:
    work, ledger = MemoryUnitOfWork(), tmp_path / "ledger"
    first, second = submit(work, a_job(1, trials=MANY)), submit(work, a_job(2, trials=40))
    with a_scheduler(work, ledger):
        wait_for(lambda: is_done(work, second), PATIENCE_S, "the second job")
        last = of(2, ledger)[-1].ended
        wait_for(
            lambda: at_once([each for each in of(1, ledger) if each.started > last]) == 2,
            PATIENCE_S,
            "both workers again",
        )
        jobs.cancel(first, work)
    ones, others = of(1, ledger), of(2, ledger)
    assert len(others) == 40, "the budget is exact"
    assert at_once(ledger_of(ledger)) <= 2
    beside = [each for each in ones if others[5].started < each.started < last]
    assert at_once(beside) == at_once(others) == 1
    assert 0.5 <= len(beside) / len(others[5:]) <= 2, "equal jobs go on at an equal pace"
    assert_each_result_is_its_own(work, first, second)


def test_a_job_of_higher_priority_takes_the_workers_and_gives_them_back(tmp_path: Path) -> None:
    work, ledger = MemoryUnitOfWork(), tmp_path / "ledger"
    with a_scheduler(work, ledger):
        lower = submit(work, a_job(1, trials=MANY))
        wait_for(lambda: at_once(of(1, ledger)) == 2, PATIENCE_S, "the lower job runs")
        urgent = submit(work, a_job(2, trials=MANY, priority=1))
        wait_for(lambda: at_once(of(2, ledger)) == 2, PATIENCE_S, "the urgent job has both workers")
        taken = time.time()
        time.sleep(1.0)
        jobs.cancel(urgent, work)
        given_back = time.time()
        wait_for(
            lambda: at_once([each for each in of(1, ledger) if each.started > taken]) == 2, PATIENCE_S, "it goes on"
        )
        jobs.cancel(lower, work)
    waited = next(each.started for each in of(1, ledger) if each.started > taken)
    assert waited > given_back
    assert_each_result_is_its_own(work, lower, urgent)


def test_two_equal_jobs_at_once_train_every_cell_once(tmp_path: Path) -> None:
    work, ledger = MemoryUnitOfWork(), tmp_path / "ledger"
    both = submit(work, a_job(1, trials=30)), submit(work, a_job(1, trials=30))
    with a_scheduler(work, ledger):
        wait_for(lambda: all(is_done(work, id) for id in both), PATIENCE_S, "both jobs")
    assert len(of(1, ledger)) == 30
    assert [jobs.get(id, work).progress.done for id in both] == [30, 30]
    assert sum(jobs.get(id, work).progress.reused for id in both) == 30


def test_a_paused_job_leaves_its_worker_to_the_other_and_goes_on_where_it_was(tmp_path: Path) -> None:
    work, ledger = MemoryUnitOfWork(), tmp_path / "ledger"
    with a_scheduler(work, ledger):
        first, second = submit(work, a_job(1, trials=40)), submit(work, a_job(2, trials=MANY))
        wait_for(lambda: len(of(1, ledger)) >= 5 and len(of(2, ledger)) >= 5, PATIENCE_S, "both run")
        jobs.pause(first, work)
        paused = time.time()
        wait_for(
            lambda: at_once([each for each in of(2, ledger) if each.started > paused]) == 2, PATIENCE_S, "both workers"
        )
        used, trained = jobs.get(first, work).job.seconds_used, len(of(1, ledger))
        time.sleep(1.0)
        assert jobs.get(first, work).job.state is JobState.PAUSED
        assert (jobs.get(first, work).job.seconds_used, len(of(1, ledger))) == (used, trained)
        jobs.resume(first, work)
        wait_for(lambda: is_done(work, first), PATIENCE_S, "the first job")
        jobs.cancel(second, work)
    assert jobs.get(first, work).progress.done == 40
