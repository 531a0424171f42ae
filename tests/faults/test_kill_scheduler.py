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
from tests.processes import running, start, wait_for, wait_for_the_end_of
from workers.messages import Recipe

TRIALS, LATEST = 10, 7
STARTS = re.compile(rb"trial (\d+) starts, to be scored after \(([\d, ]+)\) epochs")


def a_quick_job(seed: int) -> JobSpec:
    return JobSpec(
        dataset="digits",
        space=spaces["nasnet"].restricted(nodes=2),
        skeleton=replace(skeletons["tiny"], channels=4, input_shape=(1, 8, 8), classes=10),
        recipe=Recipe(epochs=3),
        sampler=Sampler("nsga2", lag=4),
        budget=Budget(trials=TRIALS, seconds=300),
        resources=Resources(workers=2),
        seed=seed,
    )


def recorded(trials: Sequence[Trial]) -> set[tuple[int, int]]:
    """Every (trial, fidelity) that has a report."""
    return {(trial.number, each.report.fidelity) for trial in trials for each in trial.evaluations}


def started(log: bytes) -> set[tuple[int, int]]:
    """Every (trial, fidelity) that a log says was handed out."""
    return {
        (int(number), int(fidelity)) for number, rungs in STARTS.findall(log) for fidelity in re.findall(rb"\d+", rungs)
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

    def enough() -> bool:
        """So many trials have ended, and one that goes on has a result, unless such a moment does not come."""
        now = trials()
        ended = sum(trial.ended for trial in now)
        half_way = any(trial.evaluations for trial in now if not trial.ended)
        return ended >= kill_after and (half_way or ended >= LATEST)

    kill_after = random.Random(seed).randint(1, LATEST)
    settings = {"database_url": str(engine.url), "workers": 2, "lease_seconds": 3600}
    scheduler = start("scheduler", tmp_path / "data", **settings)
    try:
        wait_for(lambda: enough() or scheduler.poll() is not None, 300, "results before the kill")
    finally:
        scheduler.kill()
        scheduler.wait()
    ray_folder = (tmp_path / "data" / "scratch" / "ray").readlink()
    assert any(ray_folder.iterdir()), "left by the one that was killed"
    before = trials()
    first_log = (tmp_path / "data" / "log").read_bytes()
    assert kill_after <= sum(trial.ended for trial in before) < TRIALS, first_log.decode()

    with running("scheduler", tmp_path / "data", **settings):

        def is_done() -> bool:
            with work() as store:
                return store.job(job.id).state is JobState.DONE

        wait_for(is_done, 300, "the job goes on at once, although the lease was for an hour")
    second_log = (tmp_path / "data" / "log").read_bytes()[len(first_log) :]

    after = trials()
    assert [trial.number for trial in after] == list(range(TRIALS)), "the budget is exact"
    assert all(trial.state in (TrialState.DONE, TrialState.STOPPED) for trial in after)
    for earlier, later in zip(before, after, strict=False):
        assert later.proposal == earlier.proposal
        assert later.evaluations[: len(earlier.evaluations)] == earlier.evaluations, "no result is lost or changed"
        assert later.state is earlier.state or not earlier.ended
    assert not started(second_log) & recorded(before), "nothing that is recorded is run again"
    assert recorded(after) - recorded(before) <= started(second_log)
    for log in (first_log, second_log):
        numbers = [int(number) for number, _ in STARTS.findall(log)]
        assert len(numbers) == len(set(numbers)), "a scheduler hands out a trial once"
    wait_for_the_end_of(str(tmp_path), 30)
    assert not (tmp_path / "data" / "scratch").exists()
    assert not ray_folder.exists()
