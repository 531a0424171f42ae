"""Kill -9 of the scheduler in the middle of a job: nothing is lost, nothing is done twice, the budget is exact."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from search_space.presets import spaces
from search_space.skeleton import skeletons
from service.domain.job import Budget, JobSpec, JobState, Resources, Sampler
from service.domain.trial import Trial, TrialState
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from tests.processes import alive_with, running, start, wait_for
from workers.messages import Evaluated, Recipe

TRIALS = 10
STARTED = re.compile(rb"trial (\d+) starts")


def a_quick_job(seed: int) -> JobSpec:
    return JobSpec(
        dataset="digits",
        space=spaces["nasnet"].restricted(nodes=2),
        skeleton=replace(skeletons["tiny"], channels=4, input_shape=(1, 8, 8), classes=10),
        recipe=Recipe(epochs=2),
        sampler=Sampler("nsga2", lag=4),
        budget=Budget(trials=TRIALS, seconds=300),
        resources=Resources(workers=2),
        seed=seed,
    )


def results(trials: Sequence[Trial]) -> dict[tuple[int, int], float]:
    """Every recorded result: (trial, fidelity) -> accuracy."""
    return {
        (trial.number, evaluation.report.fidelity): evaluation.report.accuracy
        for trial in trials
        for evaluation in trial.evaluations
        if isinstance(evaluation.report, Evaluated)
    }


@pytest.mark.xdist_group("ray")
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))])
def test_a_killed_scheduler_goes_on_where_it_was(tmp_path: Path, seed: int) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'data' / 'cellsmith.db'}")
    (tmp_path / "data").mkdir()
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    with work() as store:
        job = store.add_job(a_quick_job(seed))

    def trials() -> list[Trial]:
        with work() as store:
            return store.trials(job.id)

    def ended() -> list[Trial]:
        return [trial for trial in trials() if trial.ended]

    kill_after = random.Random(seed).randint(2, TRIALS - 3)
    settings = {"database_url": str(engine.url), "workers": 2, "lease_seconds": 3600}
    scheduler = start("scheduler", tmp_path / "data", **settings)
    try:
        wait_for(lambda: len(ended()) >= kill_after or scheduler.poll() is not None, 300, "trials before the kill")
    finally:
        scheduler.kill()
        scheduler.wait()
    before = ended()
    first_log = (tmp_path / "data" / "log").read_bytes()
    assert kill_after <= len(before) < TRIALS, first_log.decode()

    with running("scheduler", tmp_path / "data", **settings):

        def is_done() -> bool:
            with work() as store:
                return store.job(job.id).state is JobState.DONE

        wait_for(is_done, 300, "the job goes on at once, although the lease was for an hour")
    second_log = (tmp_path / "data" / "log").read_bytes()[len(first_log) :]

    after = trials()
    assert [trial.number for trial in after] == list(range(TRIALS)), "the budget is exact"
    assert all(trial.state in (TrialState.DONE, TrialState.STOPPED) for trial in after)
    assert after[: len(before)][0] == before[0]
    assert results(before).items() <= results(after).items(), "no result is lost or changed"
    started_again = {int(number) for number in STARTED.findall(second_log)}
    assert not started_again & {trial.number for trial in before}, "no recorded trial is run again"
    assert started_again == set(range(TRIALS)) - {trial.number for trial in before}
    wait_for(lambda: not alive_with(str(tmp_path)), 30, "nothing is left running")
