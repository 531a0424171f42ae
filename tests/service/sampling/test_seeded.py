"""Searches that begin with given cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search_space.presets import spaces
from search_space.published import published
from service.dispatch.inline import InlineDispatcher
from service.domain.errors import Invalid
from service.domain.job import Budget, JobState
from service.domain.samplers import SAMPLERS
from service.store.memory import MemoryUnitOfWork
from service.usecases import jobs
from tests.fake_evaluations import evaluate
from tests.fakes import ShuffledDispatcher, a_search, a_spec, told_of

NASNET, ENAS = published["nasnet-a"], published["enas"]
DARTS = published["darts-v2"]


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "gp"])
def test_given_cells_are_the_first_trials_in_the_space_or_not_and_the_sampler_goes_on(sampler: str) -> None:
    keys = []
    for workers in (1, 3):
        spec = replace(a_spec(trials=30, sampler=sampler), space=spaces["enas"], seed_with=(NASNET, ENAS, DARTS))
        search = a_search(spec, MemoryUnitOfWork())
        ShuffledDispatcher(workers, seed=workers).run(search)
        keys.append([trial.proposal.genotype.key for trial in search.trials])
    assert keys[0][:3] == [NASNET.key, ENAS.key, DARTS.key]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == 30


def test_a_job_that_begins_with_the_front_of_one_like_it_trains_none_of_that_again() -> None:
    first = a_search(a_spec(trials=10, stopping="none"), work := MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(first)
    with work() as store:
        store.release(first._lease, JobState.DONE, 1.0)
    spec = jobs.checked(replace(a_spec(trials=20, sampler="random", stopping="none"), reuse=first.job.id), work)
    search = a_search(spec, work)
    InlineDispatcher(evaluate).run(search)
    given = len(spec.seed_with)
    assert 0 < given < 20
    assert all(trial.reused for trial in search.trials[:given])
    best = max((trial.full_result for trial in first.trials if trial.full_result), key=lambda result: result.accuracy)
    assert (again := search.trials[0].full_result)
    assert (again.accuracy, again.latency) == (best.accuracy, best.latency)
    told = told_of(search)
    assert (told.done, told.reused) == (20, told.reused_evaluations)
    assert told.reused >= given


def test_more_cells_than_trials_and_a_cell_twice_are_refused() -> None:
    with pytest.raises(Invalid, match="at most as many cells as the job has trials: "):
        replace(a_spec(), budget=Budget(trials=1), space=spaces["modern"], seed_with=(NASNET, ENAS))
    with pytest.raises(Invalid, match="named twice"):
        replace(a_spec(), seed_with=(NASNET, NASNET))
