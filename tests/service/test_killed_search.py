"""A search that is killed again and again becomes what it would have been, to the last score."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from search_space.published import published
from service.domain.job import JobSpec
from service.domain.objectives import Objective
from service.domain.samplers import SAMPLERS
from service.ports import Store, UnitOfWork
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.engine import connect
from service.store.memory import MemoryUnitOfWork
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from tests.fake_evaluations import failing, gated
from tests.fakes import ShuffledDispatcher, a_search, a_spec

KILLS = 20
Story = list[tuple[str, str, list[tuple[int, float]]]]


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """Opens transactions of another record; the process dies at one of the next, before it is recorded or just after.

    With `after` 0 it lives for ever.
    """

    def __init__(self, work: UnitOfWork, after: int, recorded: bool) -> None:
        self._work = work
        self._left = after
        self._recorded = recorded

    @contextmanager
    def __call__(self) -> Iterator[Store]:
        self._left -= 1
        with self._work() as store:
            yield store
            if self._left == 0 and not self._recorded:
                raise Killed
        if self._left == 0:
            raise Killed


def demanding(sampler: str) -> JobSpec:
    """A job in which everything happens: given cells, limits known and measured, failures, early stopping."""
    objectives = (
        Objective("accuracy"),
        Objective("latency_ms", limit=3.2),
        Objective("params", limit=400_000.0),
    )
    spec = replace(a_spec(trials=40, sampler=sampler, lag=5), objectives=objectives)
    if sampler == "gp":  # takes seconds a proposal in a space of 50 decisions
        spec = replace(spec, budget=replace(spec.budget, trials=20), space=spec.space.restricted(nodes=1))
    return replace(spec, seed_with=(published["nasnet-a"], published["darts-v2"]))


def story(work: UnitOfWork) -> Story:
    """What is recorded of the one job: cells in order, how each ended, and every score."""
    with work() as store:
        return [
            (
                trial.proposal.genotype.key,
                trial.state,
                [(own.report.fidelity, getattr(own.report, "accuracy", -1.0)) for own in trial.evaluations],
            )
            for trial in store.trials(1)
        ]


EVALUATE = failing(every=7, evaluate=gated())


@cache
def undisturbed(sampler: str) -> Story:
    """What becomes of the search that nobody kills."""
    work = MemoryUnitOfWork()
    ShuffledDispatcher(1, 0, EVALUATE).run(a_search(demanding(sampler), work))
    return story(work)


def killed_again_and_again(spec: JobSpec, work: UnitOfWork, workers: int) -> int:
    """Drives a job to its end with workers that take turns by chance; how often it was killed on the way."""
    with work() as store:
        store.add_job(spec)
    chance = random.Random(workers)
    for life in range(KILLS + 1):
        with work() as store:
            claimed = store.claim_job("test", 60)
        assert claimed is not None
        mortal = Mortal(work, chance.randint(2, 8) if life < KILLS else 0, chance.random() < 0.5)
        try:
            search = Search(*claimed, proposer_for(spec), mortal)
            ShuffledDispatcher(workers, chance.randrange(1000), EVALUATE).run(search)
        except Killed:
            continue
        assert search.exhausted
        return life
    raise AssertionError("it never came to its end")


SHORT = [("nsga2", 1), ("nsga2", 2), *((sampler, 4) for sampler in SAMPLERS if sampler != "gp")]


@pytest.mark.parametrize(
    ("sampler", "workers"),
    [
        pytest.param(sampler, workers, marks=() if (sampler, workers) in SHORT else pytest.mark.long)
        for sampler in SAMPLERS
        for workers in (1, 2, 4)
    ],
)
def test_after_twenty_kills_with_any_number_of_workers_cells_and_scores_are_the_same(
    sampler: str, workers: int
) -> None:
    work = MemoryUnitOfWork()
    assert killed_again_and_again(demanding(sampler), work, workers) == KILLS
    assert story(work) == undisturbed(sampler)


def test_the_same_holds_of_a_record_on_disk(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'record.db'}")
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    assert killed_again_and_again(demanding("nsga2"), work, 4) == KILLS
    assert story(work) == undisturbed("nsga2")
    engine.dispose()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_such_a_search_has_trials_of_every_kind(sampler: str) -> None:
    trials = undisturbed(sampler)
    assert {state for _, state, _ in trials} == {"done", "stopped", "failed"}
    assert len({key for key, _, _ in trials}) == len(trials)
    assert len(trials) > demanding(sampler).budget.trials  # those that miss a limit cost no trial
