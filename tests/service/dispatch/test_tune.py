"""Ray Tune as a dispatcher: what inline gives, on warm workers that may die."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.dispatch.inline import InlineDispatcher
from service.dispatch.tune import TooFewResources, TuneDispatcher, start_ray, stop_ray
from service.domain.errors import LeaseLost
from service.domain.trial import TrialState
from service.store.memory import MemoryUnitOfWork
from tests import fakes
from tests.fakes import a_search, a_spec
from workers.messages import EvaluationReport, EvaluationRequest, FailureClass

pytestmark = pytest.mark.xdist_group("ray")


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    start_ray(2)
    yield
    stop_ray()


def evaluate(request: EvaluationRequest, ledger: Any) -> Iterator[EvaluationReport]:
    """The fake evaluation, which writes down who did it."""
    with Path(ledger).open("a") as file:
        file.write(f"{os.getpid()} {request.genotype.key}\n")
    yield from fakes.evaluate(request)


def dies(request: EvaluationRequest, ledger: Any) -> Iterator[EvaluationReport]:
    """The same, where the worker dies the first time that it sees a cell in four."""
    seen = Path(ledger).read_text() if Path(ledger).exists() else ""
    if int(request.genotype.key[:8], 16) % 4 == 0 and request.genotype.key not in seen:
        next(evaluate(request, ledger))
        os._exit(1)
    yield from evaluate(request, ledger)


def always_dies(request: EvaluationRequest, _: Any) -> Iterator[EvaluationReport]:
    os._exit(1)
    yield from fakes.evaluate(request)


def writes_to_data(request: EvaluationRequest, data: Any) -> Iterator[EvaluationReport]:
    """Data in the object store is one copy a node, which nobody can write to: a copy of one's own could be."""
    data[0] = 1
    yield from fakes.evaluate(request)


def test_it_finds_what_inline_finds_on_two_workers_that_stay_warm(tmp_path: Path) -> None:
    spec = a_spec(trials=24, lag=4)
    inline = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(fakes.evaluate).run(inline)
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


def test_a_stopped_search_ends_at_once(tmp_path: Path) -> None:
    search = a_search(a_spec(trials=10_000), MemoryUnitOfWork())
    threading.Timer(1.0, search.stop).start()
    TuneDispatcher(evaluate, str(tmp_path / "ledger")).run(search)
    assert len(search.trials) < 10_000


def test_losing_the_lease_ends_the_search(tmp_path: Path) -> None:
    work = MemoryUnitOfWork()
    search = a_search(a_spec(trials=10), work)
    with work() as store:
        store.claim_job("test", 60)
    with pytest.raises(LeaseLost):
        TuneDispatcher(evaluate, str(tmp_path / "ledger")).run(search)


def test_a_job_that_wants_more_than_there_is_ends_at_once() -> None:
    spec = a_spec(trials=1)
    search = a_search(replace(spec, resources=replace(spec.resources, cpus=64)), MemoryUnitOfWork())
    with pytest.raises(TooFewResources, match="64 CPUs"):
        TuneDispatcher(fakes.evaluate, None).run(search)


def sleeps(request: EvaluationRequest, _: Any) -> Iterator[EvaluationReport]:
    time.sleep(600)
    yield from fakes.evaluate(request)


def test_stopping_does_not_wait_for_long_evaluations() -> None:
    search = a_search(a_spec(trials=10), MemoryUnitOfWork())
    threading.Timer(5.0, search.stop).start()
    started = time.monotonic()
    TuneDispatcher(sleeps, None).run(search)
    assert time.monotonic() - started < 120, "an evaluation of ten minutes is not waited for"
