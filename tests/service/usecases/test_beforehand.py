"""What is told of a search before it begins."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from search_space.cost import cost
from search_space.network import Architecture
from service.domain.ahead import Basis, EndsBy
from service.domain.job import Budget, Job, JobSpec, JobState, Resources
from service.domain.objectives import Objective
from service.domain.trial import Evaluation, Proposal, TrialState
from service.ports import UnitOfWork
from service.store.memory import MemoryUnitOfWork
from service.usecases.beforehand import outlook
from tests.builders import evaluated, job_spec, latency
from tests.service.usecases.test_reach import PROFILE
from workers.messages import Recipe

SECONDS_A_MAC = 1e-6


@pytest.fixture
def work() -> UnitOfWork:
    return MemoryUnitOfWork()


def record(work: UnitOfWork, spec: JobSpec, trials: int = 20) -> Job:
    """A job whose networks took a microsecond for an epoch of one MAC, and 1 ms a megabyte for a pass."""
    rng = random.Random(1)
    with work() as store:
        store.add_job(spec)
        claimed = store.claim_job("a", 1000.0)
        assert claimed
        _, lease = claimed
        for number in range(trials):
            genotype = spec.space.sample(rng)
            own = cost(Architecture(genotype, spec.skeleton))
            store.add_trial(lease, Proposal(number, {}, genotype))
            for epochs, more in ((2, 2), (6, 4)):
                result = evaluated(
                    epochs,
                    params=own.params,
                    macs=own.macs,
                    latency=latency(own.bytes_moved / 1e6),
                    seconds=more * own.macs * SECONDS_A_MAC,
                )
                state = TrialState.DONE if epochs == 6 else TrialState.PROPOSED
                store.add_evaluation(lease, number, Evaluation(result), state)
        return store.release(lease, JobState.DONE, 12.0)


def test_the_size_of_the_space_and_what_its_cells_cost_are_told_of_any_job(work: UnitOfWork) -> None:
    spec = job_spec()
    told = outlook(spec, work)
    assert told.size == spec.space.size
    params, macs, memory = told.reaches
    rng = random.Random(5)
    some = [cost(Architecture(spec.space.sample(rng), spec.skeleton)) for _ in range(50)]
    within = [params.lowest <= own.params <= params.highest and macs.lowest <= own.macs <= macs.highest for own in some]
    assert sum(within) >= 45
    assert params.lowest < params.median < params.highest
    assert 0 < memory.lowest <= memory.median <= memory.highest < 100
    assert told.keeping is None


def test_how_many_cells_keep_the_limits_is_told(work: UnitOfWork) -> None:
    free = outlook(job_spec(), work)
    limited = outlook(
        job_spec(objectives=(Objective("accuracy"), Objective("params", limit=free.reaches[0].median))), work
    )
    assert limited.keeping == pytest.approx(free.samples / 2, abs=1)


def test_a_time_is_told_by_nothing_but_what_is_known(work: UnitOfWork) -> None:
    unknown = outlook(job_spec(), work).time
    assert (unknown.basis, unknown.seconds, unknown.at_least_seconds) == (Basis.UNKNOWN, None, None)
    with work() as store:
        store.save_device("local", PROFILE)
    calibrated = outlook(job_spec(), work).time
    assert (calibrated.basis, calibrated.seconds) == (Basis.CALIBRATION, None)
    assert calibrated.at_least_seconds is not None
    record(work, job_spec())
    recorded = outlook(job_spec(), work).time
    assert (recorded.basis, recorded.reports, recorded.workers) == (Basis.RECORDED, 40, 2)
    assert recorded.seconds is not None
    assert recorded.seconds > calibrated.at_least_seconds


def test_the_time_is_that_of_the_recorded_trainings(work: UnitOfWork) -> None:
    spec = job_spec(budget=Budget(trials=40, seconds=86_400))
    record(work, spec)
    told = outlook(replace(spec, early_stopping=replace(spec.early_stopping, name="none")), work)
    macs = told.reaches[1]
    assert told.time.seconds is not None
    # Every trial is trained fully, by two workers; half of the cells have fewer MACs than the median.
    assert told.time.seconds - 8 == pytest.approx(40 * 6 * macs.median * SECONDS_A_MAC / 2, rel=0.15)
    alone = outlook(replace(spec, resources=Resources(workers=1)), work).time.seconds
    shared = outlook(spec, work).time.seconds
    assert alone is not None
    assert shared is not None
    assert alone - 8 == pytest.approx(2 * (shared - 8))
    assert shared < told.time.seconds


def test_what_other_skeletons_took_is_told_as_such_and_other_data_tell_nothing(work: UnitOfWork) -> None:
    spec = job_spec()
    record(work, spec)
    wider = replace(spec, skeleton=replace(spec.skeleton, channels=2 * spec.skeleton.channels))
    assert outlook(wider, work).time.basis is Basis.RECORDED_ELSEWHERE
    assert outlook(replace(spec, recipe=Recipe(batch_size=8)), work).time.basis is Basis.UNKNOWN
    assert outlook(replace(spec, dataset="cifar10"), work).time.basis is Basis.UNKNOWN


def test_a_search_that_tries_every_cell_of_its_space_is_foreseen_to_end_there(work: UnitOfWork) -> None:
    spec = job_spec(space=job_spec().space.restricted(["identity"], nodes=1), budget=Budget(trials=50_000))
    record(work, job_spec())
    told = outlook(spec, work)
    assert told.different == len({genotype.key for genotype in spec.space.genotypes()}) < 100
    assert told.time.ends_by is EndsBy.CELLS
    exact = outlook(replace(spec, budget=replace(spec.budget, trials=told.different)), work)
    assert exact.time == replace(told.time, ends_by=EndsBy.TRIALS)
    assert outlook(job_spec(), work).different is None


@pytest.mark.parametrize(
    ("budget", "ends_by"),
    [
        (Budget(trials=10, seconds=86_400), EndsBy.TRIALS),
        (Budget(trials=1000, seconds=20), EndsBy.SECONDS),
        (Budget(trials=1000, seconds=86_400, epochs=100), EndsBy.EPOCHS),
    ],
)
def test_what_ends_the_search_is_told(work: UnitOfWork, budget: Budget, ends_by: EndsBy) -> None:
    record(work, job_spec())
    told = outlook(job_spec(budget=budget), work).time
    assert told.ends_by is ends_by
    assert told.seconds is not None
    assert told.seconds <= budget.seconds


def test_latency_is_predicted_where_networks_were_measured(work: UnitOfWork) -> None:
    assert [reach.metric for reach in outlook(job_spec(), work).reaches] == ["params", "macs", "peak_memory_mb"]
    record(work, job_spec())
    predicted = outlook(job_spec(), work).reaches[-1]
    assert (predicted.metric, predicted.unit) == ("latency_ms", "ms")
    assert 0 < predicted.lowest < predicted.median < predicted.highest
    assert predicted.model is not None
    assert (predicted.model.networks, predicted.model.elsewhere) == (20, False)
    assert predicted.model.ratios == pytest.approx((1, 1)), "latencies that bytes alone decide are foreseen exactly"


def test_no_cell_is_held_to_miss_a_limit_by_what_networks_in_other_skeletons_took(work: UnitOfWork) -> None:
    record(work, job_spec())
    limited = (Objective("accuracy"), Objective("latency_ms", device="local", limit=1e-3))
    other = replace(job_spec().skeleton, channels=job_spec().skeleton.channels + 2)
    assert outlook(job_spec(objectives=limited), work).keeping == 0
    told = outlook(job_spec(objectives=limited, skeleton=other), work)
    assert told.reaches[-1].model is not None
    assert told.reaches[-1].model.elsewhere
    assert told.keeping is None
