"""The front from memory is the front of all trials, however the record grew meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.domain.job import JobSpec
from service.domain.objectives import Objective
from service.ports import UnitOfWork
from service.store.engine import connect
from service.store.memory import MemoryUnitOfWork
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.usecases import front
from tests.fakes import a_search, a_spec, evaluate, failing


@pytest.fixture(params=["memory", "sqlite"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UnitOfWork]:
    if request.param == "memory":
        yield MemoryUnitOfWork()
        return
    engine = connect(f"sqlite:///{tmp_path / 'record.db'}")
    upgrade(engine)
    yield SqlUnitOfWork(engine)
    engine.dispose()


@pytest.mark.parametrize(
    "objectives",
    [
        (Objective("accuracy"), Objective("latency_ms")),
        (Objective("accuracy"), Objective("latency_ms", limit=2.5)),
        (Objective("params"), Objective("accuracy", limit=0.5)),
        (Objective("accuracy"), Objective("latency_ms"), Objective("params"), Objective("macs", limit=1e6)),
    ],
)
def test_it_is_the_same_after_every_report(work: UnitOfWork, objectives: tuple[Objective, ...]) -> None:
    spec: JobSpec = replace(a_spec(trials=20, sampler="random"), objectives=objectives)
    search = a_search(spec, work)
    answers = failing(every=4, evaluate=evaluate)
    while (assignment := search.next()) is not None:
        for report in answers(assignment.request):
            if not search.report(assignment.number, report):
                break
        for limit_ms in (None, 2.0):
            told = front.of_job(search.job.id, work, limit_ms)
            with work() as store:
                whole = front.of(store.job(search.job.id), store.trials(search.job.id), limit_ms)
            assert told == whole


def test_jobs_of_two_records_are_not_mixed_up() -> None:
    for trials in (3, 12):
        work = MemoryUnitOfWork()
        search = a_search(a_spec(trials=trials, stopping="none"), work)
        while (assignment := search.next()) is not None:
            search.report(assignment.number, list(evaluate(assignment.request))[-1])
        whole = front.of(search.job, search.trials)
        assert [point.trial.number for point in front.of_job(search.job.id, work).points] == [
            point.trial.number for point in whole.points
        ]
