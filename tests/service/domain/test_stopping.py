"""Searches that end before their trials are spent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from service.domain.job import Budget, JobSpec
from service.domain.stopping import trained_epochs
from service.search import Search
from service.store.memory import MemoryUnitOfWork
from tests.fake_evaluations import evaluate
from tests.fakes import ShuffledDispatcher, a_search, a_spec
from workers.messages import Evaluated, EvaluationReport, EvaluationRequest, LatencyMeasurement


def with_budget(spec: JobSpec, **changes: int) -> JobSpec:
    return replace(spec, budget=replace(spec.budget, **changes))


def searched(spec: JobSpec, workers: int = 2, seed: int = 0) -> Search:
    search = a_search(spec, MemoryUnitOfWork())
    ShuffledDispatcher(workers, seed).run(search)
    assert search.exhausted
    return search


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("epochs", [7, 60, 100])
def test_epochs_are_overrun_by_less_than_a_trial(workers: int, epochs: int) -> None:
    search = searched(with_budget(a_spec(trials=100), epochs=epochs), workers)
    spent = sum(map(trained_epochs, search.trials))
    assert epochs <= spent < epochs + search.rungs[-1]
    assert search.closing_words.startswith(f"The budget of {epochs} epochs was spent after {len(search.trials)} of 100")


@pytest.mark.parametrize("changes", [{"epochs": 60}, {"patience": 10}])
def test_where_it_ends_does_not_depend_on_the_workers(changes: dict[str, int]) -> None:
    spec = with_budget(a_spec(trials=100), **changes)
    one = searched(spec, workers=1)
    assert len(one.trials) < 100
    for workers, seed in ((2, 1), (2, 2), (4, 3), (4, 4)):
        assert searched(spec, workers, seed).trials == one.trials


def no_better(request: EvaluationRequest) -> Iterator[EvaluationReport]:
    """The same result for every cell."""
    latency = LatencyMeasurement("local", 1, 1, (1.0,) * 9, (1.0,) * 9)
    for fidelity in request.fidelities:
        yield Evaluated(fidelity, 0.5, latency, params=1, macs=1, seconds=0.1)


def test_a_search_that_finds_nothing_better_loses_patience() -> None:
    spec = with_budget(a_spec(trials=100, lag=4), patience=10)
    search = a_search(spec, MemoryUnitOfWork())
    ShuffledDispatcher(2, 0, no_better).run(search)
    assert search.exhausted
    assert len(search.trials) == 1 + 10
    assert search.closing_words.startswith("10 trials in a row did not make the front cover more")


def test_an_interrupted_search_ends_where_the_other_does() -> None:
    spec = with_budget(a_spec(trials=100), epochs=60, patience=20)
    whole = searched(spec)
    work = MemoryUnitOfWork()
    broken = a_search(spec, work)
    ShuffledDispatcher(2, 0, evaluate, dies_after=9).run(broken)
    with work() as store:
        store.release(broken._lease, broken.job.state.RUNNING, 1.0)
    resumed = a_search(spec, work)
    ShuffledDispatcher(2, 0).run(resumed)
    assert resumed.trials == whole.trials


def test_a_search_without_these_ends_with_its_trials() -> None:
    assert Budget().epochs is None
    assert len(searched(a_spec(trials=12)).trials) == 12
