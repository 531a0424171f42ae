"""What is told from memory is what all trials would tell, however the record grew meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.domain.job import Job, JobSpec
from service.domain.objectives import Objective, keeps_limits, losses
from service.domain.progress import progress
from service.domain.tally import Tally
from service.domain.trial import Trial
from service.ports import UnitOfWork
from service.store.engine import connect
from service.store.memory import MemoryUnitOfWork
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.usecases import front, jobs
from tests.fake_evaluations import evaluate, failing
from tests.fakes import a_search, a_spec


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
        (Objective("accuracy"), Objective("latency_ms"), Objective("params"), Objective("macs", limit=4e6)),
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
        status, grew = jobs.get(search.job.id, work), front.history(search.job.id, work)
        with work() as store:
            job, trials = store.job(search.job.id), store.trials(search.job.id)
        assert status.progress == progress(job, Tally.of(job.spec, trials))
        assert status.front == len(front.of(job, trials).points)
        assert status.best_accuracy == best_accuracy(job, trials)
        expected = steps(job, trials)
        assert [step.trials for step in grew.steps] == [step.trials for step in expected]
        volumes = [step.hypervolume for step in grew.steps]
        assert volumes == pytest.approx([step.hypervolume for step in expected])


def best_accuracy(job: Job, trials: Sequence[Trial]) -> float | None:
    """Of what keeps every limit."""
    results = [trial.full_result for trial in trials if trial.full_result]
    kept = [result.accuracy for result in results if keeps_limits(job.spec.objectives, result)]
    return max(kept, default=None)


def steps(job: Job, trials: Sequence[Trial]) -> tuple[front.FrontStep, ...]:
    """What the fronts of the first trials cover, wherever that is more than before."""
    told: list[front.FrontStep] = []
    worst = [losses(job.spec.objectives, trial.full_result) for trial in trials if trial.full_result]
    for count in range(1, len(trials) + 1):
        bounds = tuple(np.max(worst, axis=0).tolist()) if worst else None
        covered = front.of(job, trials[:count], worst_of_all=bounds).hypervolume
        if covered > (told[-1].hypervolume * (1 + 1e-9) if told else 0):
            told.append(front.FrontStep(count, covered))
    return tuple(told)


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
