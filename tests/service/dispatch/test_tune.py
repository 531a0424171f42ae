"""Ray Tune as a dispatcher: what inline gives, on warm workers that may die."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.dispatch.inline import InlineDispatcher
from service.dispatch.tune import TuneDispatcher
from service.domain.errors import LeaseLost, TooFewResources, Unavailable
from service.domain.trial import TrialState
from service.ports import Store
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.memory import MemoryUnitOfWork
from tests import fake_evaluations
from tests.fakes import a_search, a_spec
from tests.processes import holding, looking, wait_for
from tests.service.dispatch.evaluations import (
    WRONG,
    always_dies,
    dies,
    evaluate,
    every_other_goes_wrong,
    fake,
    goes_wrong,
    reads_data,
    sleeps,
    writes_to_data,
)
from tests.workers.supervised_evaluations import CHILDREN
from workers.messages import FailureClass, Recipe

pytestmark = pytest.mark.xdist_group("ray")


def test_it_finds_what_inline_finds_on_two_workers_that_stay_warm(tmp_path: Path) -> None:
    spec = a_spec(trials=24, lag=4)
    inline = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(fake_evaluations.evaluate).run(inline)
    search = a_search(spec, MemoryUnitOfWork())
    TuneDispatcher(evaluate, str(tmp_path / "ledger")).run(search)
    assert search.trials == inline.trials
    processes = {line.split()[0] for line in (tmp_path / "ledger").read_text().splitlines()}
    assert len(processes) <= 2


def test_a_trial_whose_worker_dies_is_tried_again(tmp_path: Path) -> None:
    search = a_search(a_spec(trials=8, lag=4), MemoryUnitOfWork())
    TuneDispatcher(dies, str(tmp_path / "ledger")).run(search)
    assert all(trial.state in (TrialState.DONE, TrialState.STOPPED) for trial in search.trials)
    starts = (tmp_path / "ledger").read_text().splitlines()
    assert len(starts) > len(search.trials) == 8


def test_a_trial_that_kills_every_worker_is_kept_as_crashed_and_the_search_ends() -> None:
    search = a_search(a_spec(trials=1), MemoryUnitOfWork())
    TuneDispatcher(always_dies, None).run(search)
    failure = search.trials[0].failure
    assert failure is not None
    assert failure.failure is FailureClass.CRASHED


def test_an_exception_that_escapes_the_evaluation_is_kept_with_its_traceback() -> None:
    search = a_search(a_spec(trials=1), MemoryUnitOfWork())
    TuneDispatcher(writes_to_data, np.zeros(1_000_000)).run(search)
    failure = search.trials[0].failure
    assert failure is not None
    assert "read-only" in failure.traceback


def test_a_stopped_search_is_handed_no_trial_more(tmp_path: Path) -> None:
    work = MemoryUnitOfWork()
    search = a_search(a_spec(trials=10_000), work)
    recorded_by_then: list[int] = []

    def stop() -> None:
        search.stop()
        with work() as store:
            recorded_by_then.append(len(store.trials(search.job.id)))

    threading.Timer(1.0, stop).start()
    TuneDispatcher(evaluate, str(tmp_path / "ledger")).run(search)
    # one may be on its way into the record at that moment
    assert len(search.trials) <= recorded_by_then[0] + 1


def test_losing_the_lease_ends_the_search(tmp_path: Path) -> None:
    work = MemoryUnitOfWork()
    search = a_search(a_spec(trials=10), work)
    with work() as store:
        store.claim_job("test", 60)
    with pytest.raises(LeaseLost):
        TuneDispatcher(evaluate, str(tmp_path / "ledger")).run(search)


def test_a_record_that_is_away_when_a_result_arrives_is_told_as_such() -> None:
    work = MemoryUnitOfWork()
    with work() as store:
        store.add_job(a_spec(trials=1))
        claimed = store.claim_job("test", 60)
    assert claimed is not None
    times = 0

    @contextmanager
    def away_at_the_third_time() -> Iterator[Store]:
        nonlocal times
        times += 1  # its trials, then trial 0, then what came of it
        if times >= 3:
            raise Unavailable("The database does not answer.")
        with work() as store:
            yield store

    search = Search(*claimed, proposer_for(claimed[0].spec), away_at_the_third_time)
    with pytest.raises(Unavailable):
        TuneDispatcher(fake, None).run(search)


def test_a_job_that_wants_more_than_there_is_ends_at_once() -> None:
    spec = a_spec(trials=1)
    search = a_search(replace(spec, resources=replace(spec.resources, cpus=64)), MemoryUnitOfWork())
    with pytest.raises(TooFewResources, match="64 CPUs"):
        TuneDispatcher(sleeps, None).run(search)


def test_stopping_does_not_wait_for_long_evaluations() -> None:
    search = a_search(a_spec(trials=10), MemoryUnitOfWork())
    threading.Timer(5.0, search.stop).start()
    started = time.monotonic()
    TuneDispatcher(sleeps, None).run(search)
    assert time.monotonic() - started < 120, "an evaluation of ten minutes is not waited for"


DEADLINES_S = {"endless loop in C": 2.0, "ignored signals": 2.0, "fork bomb": 6.0}  # a bomb takes time to go off
OTHERWISE_S = 60.0


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.long) for turn in range(1, 20))])
@pytest.mark.parametrize(
    "how",
    [
        "endless loop in C",
        "fork bomb",
        # without Ray, tests/workers asks the same of these every time
        *(pytest.param(how, marks=pytest.mark.long) for how in ("ignored signals", "memory", "NaN", "constant output")),
    ],
)
def test_trials_that_go_wrong_are_named_and_their_neighbours_are_as_they_would_have_been(
    tmp_path: Path, how: str, turn: int
) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    deadline_s = DEADLINES_S.get(how, OTHERWISE_S)
    spec = a_spec(trials=8, seed=turn, sampler="random", stopping="none", evaluation_seconds=deadline_s)
    spec = replace(spec, resources=replace(spec.resources, memory_mb=900), recipe=Recipe(epochs=1))
    undisturbed = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(fake_evaluations.evaluate).run(undisturbed)
    search = a_search(spec, MemoryUnitOfWork())
    most = [0]
    with looking(lambda: most.append(len(holding(mark)))):
        TuneDispatcher(every_other_goes_wrong, (how, str(mark))).run(search)
    failures = []
    for trial, as_it_would_be in zip(search.trials, undisturbed.trials, strict=True):
        if goes_wrong(trial.proposal.genotype.key):
            assert trial.failure is not None
            assert trial.failure.seconds < deadline_s + 5
            failures.append(trial.failure.failure)
        else:
            assert trial == as_it_would_be
    assert set(failures) == {WRONG[how][1]}
    assert max(most) > (CHILDREN / 2 if how == "fork bomb" else 0), "its processes were seen"
    wait_for(lambda: not holding(mark), 10, "no process of an evaluation is left")


def objects() -> set[str]:
    """What this process keeps in the memory of the node."""
    import ray  # after our settings of it

    return set(ray._private.worker.global_worker.core_worker.get_all_reference_counts())


def test_the_data_of_a_job_leave_the_memory_of_the_node_with_it() -> None:
    before = objects()
    TuneDispatcher(reads_data, np.zeros(1_000_000)).run(a_search(a_spec(trials=4), MemoryUnitOfWork()))
    gc.collect()
    wait_for(lambda: objects() <= before, 30, "nothing is kept for a job that has ended")
