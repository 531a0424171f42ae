"""Hard limits: what misses one is not trained, the sampler learns from it, and it costs no trial."""

from __future__ import annotations

from dataclasses import replace
from statistics import quantiles

import pytest

from search_space.cost import cost
from search_space.memory import peak_memory_bytes, peak_memory_mb
from search_space.network import Architecture
from service.dispatch.inline import InlineDispatcher
from service.domain.job import Budget, JobSpec, JobState
from service.domain.limits import missed_by_all, missed_limit, rounded_up, too_slow, turned_down
from service.domain.objectives import Objective
from service.domain.trial import Evaluation, Proposal, Trial, TrialState
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.memory import MemoryUnitOfWork
from service.usecases.front import of_job
from service.usecases.reach import spread
from tests.builders import evaluated, latency
from tests.fake_evaluations import evaluate
from tests.fakes import ShuffledDispatcher, a_search, a_spec, told_of
from tests.limited import Table, latency_ms, limited
from tests.search_space.random_cells import random_genotype
from workers.messages import Failed, FailureClass, LatencyMeasurement

START = 20  # proposals before a sampler knows what is slow


@pytest.mark.parametrize(
    ("sampler", "trials"),
    [
        ("nsga2", 500),
        ("nsga3", 150),
        ("tpe", 150),
        ("evolution", 100),
        ("default", 60),
        pytest.param("default", 500, marks=pytest.mark.long),
    ],
)
def test_what_is_too_slow_is_never_trained_and_the_share_of_the_rest_rises(sampler: str, trials: int) -> None:
    spec, table = limited(trials, sampler), Table()
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(table).run(search)
    limit = spec.objectives[1].limit
    assert limit is not None
    assert len(table.trained) == trials
    assert all(latency_ms(Architecture(each.genotype, each.skeleton)) <= limit for each in table.trained)
    kept = [not trial.rejected for trial in search.trials]
    assert sum(kept[:START]) / START <= 0.5
    assert sum(kept[-trials // 2 :]) / (trials // 2) > 0.8


def test_memory_is_an_objective_with_a_limit_that_is_kept_before_training() -> None:
    spec, work = a_spec(trials=30, sampler="nsga2", stopping="none"), MemoryUnitOfWork()
    limit = quantiles([peak_memory_bytes(each) / 1e6 for each in spread(spec.space, spec.skeleton)], n=4)[1]
    objectives = (Objective("accuracy"), Objective("peak_memory_mb", limit=limit))
    search, table = a_search(replace(spec, objectives=objectives), work), Table()
    InlineDispatcher(table).run(search)
    taken = [peak_memory_bytes(Architecture(each.genotype, each.skeleton)) / 1e6 for each in table.trained]
    assert len(taken) == 30
    assert max(taken) <= limit
    rejected = [trial.failure for trial in search.trials if trial.rejected and trial.failure]
    assert rejected
    assert all(" MB, where the limit is " in failure.message for failure in rejected)
    front = of_job(search.job.id, work)
    assert [objectives[1].value(point.result) for point in front.points] == sorted(
        objectives[1].value(point.result) for point in front.points
    )
    assert 0 < len(front.points) <= 30


def test_results_from_before_memory_was_recorded_are_reused_with_it() -> None:
    work = MemoryUnitOfWork()
    first = a_search(a_spec(trials=5, sampler="random"), work)
    InlineDispatcher(evaluate).run(first)
    with work() as store:
        store.release(first._lease, JobState.DONE, 1.0)
    objectives = (Objective("accuracy"), Objective("peak_memory_mb"))
    search = a_search(replace(a_spec(trials=5, sampler="random"), objectives=objectives), work)
    assert search.next() is None
    with work() as store:
        told = [trial.best_known for trial in store.trials(search.job.id)]
    assert len(told) == 5
    assert all(result and result.peak_memory_bytes for result in told)


def test_a_network_that_was_too_slow_is_kept_with_its_latency_and_costs_no_trial() -> None:
    search = a_search(limited(20, "random", "halving"), work := MemoryUnitOfWork())
    InlineDispatcher(Table()).run(search)
    with work() as store:
        trials = store.trials(search.job.id)
    rejected = [trial for trial in trials if trial.rejected]
    assert rejected
    assert all(trial.failure and trial.failure.latency for trial in rejected)
    told = told_of(search)
    assert (told.done + told.stopped, told.rejected) == (20, len(rejected))


def out_of_reach(trials: int, seconds: float) -> JobSpec:
    objectives = (Objective("accuracy"), Objective("latency_ms", limit=0.001))
    return replace(a_spec(trials=trials, seconds=seconds, sampler="random"), objectives=objectives)


def test_a_search_that_spent_its_time_on_what_is_too_slow_tells_so_with_the_fastest() -> None:
    work, now, table = MemoryUnitOfWork(), 0.0, Table()
    with work() as store:
        store.add_job(out_of_reach(trials=6, seconds=30))
        claimed = store.claim_job("test", 60)
    assert claimed
    search = Search(*claimed, proposer_for(claimed[0].spec), work, clock=lambda: now)
    took = []
    while assignment := search.next():
        now += 10
        took.append(latency_ms(Architecture(assignment.request.genotype, assignment.request.skeleton)))
        search.report(assignment.number, next(table(assignment.request)))
    assert len(took) == 3
    assert search.closing_words == (
        "The budget of 30 s was spent after 0 of 6 trials. 3 of 3 proposals could not keep the limits; the fastest "
        f"that was too slow took {rounded_up(min(took))} ms, where the limit is 0.001 ms."
    )


def test_a_search_that_nothing_keeps_the_limit_of_tells_the_fastest_too() -> None:
    search = a_search(out_of_reach(trials=1, seconds=600), MemoryUnitOfWork())
    InlineDispatcher(Table()).run(search)
    took = [latency_ms(Architecture(trial.proposal.genotype, search.job.spec.skeleton)) for trial in search.trials]
    assert search.closing_words == (
        "Hardly any cell keeps the limits, so the search ended after 0 of 1 trials: give a looser limit, or fewer "
        "channels or cells. 50 of 50 proposals could not keep the limits; the fastest that was too slow took "
        f"{rounded_up(min(took))} ms, where the limit is 0.001 ms."
    )


def test_what_is_just_over_its_limit_is_told_as_more_than_it() -> None:
    objectives = (Objective("accuracy"), Objective("latency_ms", limit=3.0))
    latency = LatencyMeasurement("local", 1, 1, (3.004,) * 9, (1.0,) * 9)
    told = too_slow(objectives, latency)
    assert told == "3.01 ms, where the limit is 3 ms"
    failure = Failed(1, FailureClass.INFEASIBLE, told, "", latency=latency)
    trial = Trial(Proposal(0, {}, random_genotype(1)), TrialState.FAILED, (Evaluation(failure),))
    assert "took 3.01 ms, where the limit is 3 ms." in turned_down(objectives, [trial], a_spec().skeleton)


def test_what_hardly_any_cell_keeps_is_searched_from_what_misses_it_least() -> None:
    spec = a_spec(trials=12, sampler="default", stopping="none")
    params = sorted(cost(each).params for each in spread(spec.space, spec.skeleton))
    limit = 1.01 * params[0]
    spec = replace(spec, objectives=(Objective("accuracy"), Objective("params", limit=limit)))
    search, table = a_search(spec, MemoryUnitOfWork()), Table()
    InlineDispatcher(table).run(search)
    assert [trial.ended and not trial.rejected for trial in search.trials] == [True] * 12
    assert max(cost(Architecture(each.genotype, each.skeleton)).params for each in table.trained) <= limit


def test_a_search_that_nothing_keeps_the_limit_of_tells_the_least() -> None:
    objectives = (Objective("accuracy"), Objective("params", limit=10))
    search = a_search(replace(a_spec(trials=1, sampler="random"), objectives=objectives), MemoryUnitOfWork())
    InlineDispatcher(Table()).run(search)
    skeleton = search.job.spec.skeleton
    least = min(cost(Architecture(trial.proposal.genotype, skeleton)).params for trial in search.trials)
    assert search.closing_words.endswith(
        f"50 of 50 proposals could not keep the limits; the least was {least:,} parameters, where the limit is 10."
    )


def test_a_search_whose_trained_cells_keep_no_limit_tells_the_best() -> None:
    objectives = (Objective("accuracy", limit=0.999), Objective("latency_ms"))
    search = a_search(replace(a_spec(trials=6, stopping="none"), objectives=objectives), MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    best = max(trial.full_result.accuracy for trial in search.trials if trial.full_result)
    assert search.closing_words == (
        f"No fully trained cell keeps the limits: the best accuracy was {best:.4g}, where the limit is 0.999."
    )


def test_limits_that_no_cell_keeps_together_are_told_so() -> None:
    fast, good = (
        Trial(Proposal(number, {}, random_genotype(number)), TrialState.DONE, (Evaluation(found),))
        for number, found in enumerate(
            (evaluated(6, accuracy=0.5, latency=latency(1.0)), evaluated(6, accuracy=0.9, latency=latency(3.0)))
        )
    )
    objectives = (Objective("accuracy", limit=0.8), Objective("latency_ms", limit=2.0))
    told = missed_by_all(objectives, [fast, good])
    assert told == "No fully trained cell keeps the limits: each is kept by some, all by none."
    assert missed_by_all((Objective("accuracy", limit=0.8), Objective("latency_ms", limit=3.0)), [fast, good]) == ""


def test_memory_just_over_its_limit_is_told_as_more_than_it() -> None:
    spec = a_spec()
    architecture = spread(spec.space, spec.skeleton)[0]
    limit = peak_memory_mb(architecture) * 0.99999
    told = missed_limit((Objective("peak_memory_mb", limit=limit),), architecture.genotype, spec.skeleton)
    assert told is not None
    assert float(told.split(" MB, ")[0]) > limit


@pytest.mark.parametrize(
    ("value", "text"), [(1.1, "1.10"), (99.96, "100.0"), (1_234_567, "1234567"), (0.042, "0.0420")]
)
def test_what_is_exact_is_not_rounded_up_further(value: float, text: str) -> None:
    assert rounded_up(value) == text


def test_how_many_missed_a_limit_on_the_description_is_told_without_a_latency() -> None:
    spec = replace(a_spec(sampler="random", stopping="none"), budget=Budget(trials=30, epochs=6))
    limit = quantiles([cost(each).params for each in spread(spec.space, spec.skeleton)], n=4)[0]
    search = a_search(
        replace(spec, objectives=(Objective("accuracy"), Objective("params", limit=limit))), MemoryUnitOfWork()
    )
    InlineDispatcher(Table()).run(search)
    missed = sum(trial.rejected for trial in search.trials)
    assert missed
    assert search.closing_words == (
        "The budget of 6 epochs was spent after 1 of 30 trials. "
        f"{missed} of {missed + 1} proposals could not keep the limits."
    )


@pytest.mark.parametrize("sampler", ["default", "nsga2", "tpe"])
def test_a_search_with_limits_is_the_same_with_any_number_of_workers(sampler: str) -> None:
    told = []
    for workers in (1, 2, 4):
        search = a_search(limited(30, sampler, "halving"), MemoryUnitOfWork())
        ShuffledDispatcher(workers, workers, Table()).run(search)
        told.append([(trial.proposal.genotype.key, trial.state, trial.rejected) for trial in search.trials])
    assert told[1:] == told[:1] * 2


def test_what_a_rejected_network_was_not_trained_for_is_not_in_the_budget_of_epochs() -> None:
    spec = replace(limited(40, "random"), budget=Budget(trials=40, epochs=60))
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(Table()).run(search)
    assert sum(trial.state is TrialState.DONE for trial in search.trials) == 10
    assert sum(trial.rejected for trial in search.trials) > 0


def test_what_another_job_has_found_too_slow_is_turned_down_with_what_it_measured_and_costs_no_trial() -> None:
    work = MemoryUnitOfWork()
    spec = limited(12, "random", "halving")
    unlimited = replace(spec, objectives=(Objective("accuracy"), Objective("latency_ms")))
    first = a_search(unlimited, work)
    InlineDispatcher(Table()).run(first)
    with work() as store:
        store.release(first._lease, JobState.DONE, 1.0)
    search, table = a_search(spec, work), Table()
    InlineDispatcher(table).run(search)
    known = {trial.proposal.genotype: trial.best_known for trial in first.trials}
    again = [trial for trial in search.trials if trial.proposal.genotype in known]
    slow = [trial for trial in again if trial.rejected]
    assert 0 < len(slow) < len(again)
    for trial in slow:
        assert trial.failure
        assert (result := known[trial.proposal.genotype])
        assert trial.failure.latency == result.latency
    told = told_of(search)
    assert told.done + told.stopped == 12
    assert not {trial.proposal.genotype for trial in slow} & {request.genotype for request in table.trained}
