"""A search: the same whoever is faster, exact in its budget, and picked up from the record."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from search_space.cost import cost
from search_space.network import Architecture
from service.claims import Claims
from service.dispatch.inline import InlineDispatcher
from service.domain.errors import LeaseLost
from service.domain.job import Budget, JobSpec, JobState
from service.domain.objectives import Objective
from service.domain.progress import progress
from service.domain.samplers import SAMPLERS
from service.domain.tally import Tally
from service.domain.trial import Proposal, Trial, TrialState
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.memory import MemoryUnitOfWork
from tests.builders import evaluated, latency
from tests.fake_evaluations import evaluate, failing
from tests.fakes import ShuffledDispatcher, a_search, a_spec, resumed, told_of
from workers.messages import EvaluationReport, EvaluationRequest, Failed, FailureClass

MEDIAN_PARAMS = 213_768.0  # of random cells in the skeleton of the tests
REBUILT = [name for name in SAMPLERS if name != "gp"]  # which is as good, but slow


def story(search: Search) -> list[tuple[str, TrialState, list[float]]]:
    """What a search did, trial by trial."""
    return [
        (
            trial.proposal.genotype.key,
            trial.state,
            [getattr(evaluation.report, "accuracy", -1.0) for evaluation in trial.evaluations],
        )
        for trial in search.trials
    ]


@pytest.mark.parametrize("sampler", REBUILT)
def test_the_search_is_the_same_with_any_number_of_workers_whoever_is_faster(sampler: str) -> None:
    stories = []
    for workers, chance in [(1, 0), (2, 1), (4, 2)]:
        search = a_search(a_spec(trials=60, sampler=sampler, lag=4), MemoryUnitOfWork())
        ShuffledDispatcher(workers, chance, failing(every=7)).run(search)
        stories.append(story(search))
    assert all(other == stories[0] for other in stories[1:])


@pytest.mark.parametrize("sampler", REBUILT)
def test_an_interrupted_search_becomes_what_it_would_have_been(sampler: str) -> None:
    spec = a_spec(trials=60, sampler=sampler)
    whole = a_search(spec, MemoryUnitOfWork())
    ShuffledDispatcher(2, 0).run(whole)
    work = MemoryUnitOfWork()
    for chance in range(200):
        search = a_search(spec, work)
        ShuffledDispatcher(3, chance, dies_after=7).run(search)
        if search.exhausted:
            break
    assert story(search) == story(whole)


def test_the_budget_of_trials_is_exact() -> None:
    search = a_search(a_spec(trials=23), MemoryUnitOfWork())
    ShuffledDispatcher(4, 0).run(search)
    assert len(search.trials) == 23
    assert search.exhausted
    assert all(trial.ended for trial in search.trials)


def test_when_the_seconds_are_spent_no_new_trial_begins_and_those_under_way_end() -> None:
    now = 0.0
    work = MemoryUnitOfWork()
    with work() as store:
        store.add_job(replace(a_spec(trials=1000), budget=Budget(trials=1000, seconds=10)))
        claimed = store.claim_job("test", 60)
    assert claimed is not None
    before = a_search(a_spec(trials=1), MemoryUnitOfWork())
    search = Search(*claimed, before._proposer, work, clock=lambda: now)
    first = search.next()
    assert first is not None
    now = 11.0
    assert search.next() is None
    open_still = not search.exhausted
    assert open_still
    for report in evaluate(first.request):
        search.report(first.number, report)
    assert search.exhausted
    assert len(search.trials) == 1


def test_no_proposal_is_made_before_the_results_it_may_depend_on_are_known() -> None:
    search = a_search(a_spec(trials=10, lag=3), MemoryUnitOfWork())
    handed_out = [search.next() for _ in range(4)]
    assert [a.number if a else None for a in handed_out] == [0, 1, 2, None]


def test_no_cell_is_tried_twice_in_a_job() -> None:
    search = a_search(a_spec(trials=60), MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    keys = [trial.proposal.genotype.key for trial in search.trials]
    assert len(set(keys)) == len(keys)


def test_a_second_job_with_the_same_data_recipe_and_seed_trains_nothing_and_says_so() -> None:
    work = MemoryUnitOfWork()
    first = a_search(a_spec(), work)
    InlineDispatcher(evaluate).run(first)
    with work() as store:
        store.release(first._lease, JobState.DONE, 1.0)
    second = a_search(a_spec(), work)
    assert second.next() is None
    assert second.exhausted
    assert all(trial.reused for trial in second.trials)
    told = told_of(second)
    assert (told.reused, told.reused_evaluations) == (12, sum(len(trial.evaluations) for trial in first.trials))
    assert story(second) == story(first)
    assert not any(trial.reused for trial in first.trials)


def test_what_failed_in_another_job_and_would_fail_again_is_not_trained_again() -> None:
    work = MemoryUnitOfWork()
    first = a_search(a_spec(sampler="random"), work)
    InlineDispatcher(failing(every=2)).run(first)
    assert any(trial.failure for trial in first.trials)
    with work() as store:
        store.release(first._lease, JobState.DONE, 1.0)
    second = a_search(a_spec(sampler="random"), work)
    assert second.next() is None
    assert story(second) == story(first)
    assert all(trial.reused for trial in second.trials)


def test_what_was_trained_to_the_end_without_scores_on_the_way_is_not_trained_again() -> None:
    work = MemoryUnitOfWork()
    first = a_search(a_spec(sampler="random", stopping="none"), work)
    InlineDispatcher(evaluate).run(first)
    with work() as store:
        store.release(first._lease, JobState.DONE, 1.0)
    second = a_search(a_spec(sampler="random"), work)
    assert second.next() is None
    assert [trial.proposal.genotype for trial in second.trials] == [trial.proposal.genotype for trial in first.trials]
    assert all(trial.reused and trial.state is TrialState.DONE for trial in second.trials)


class KnowsThree:
    """Proposes three cells of the space in turn, whatever came of them."""

    def __init__(self, spec: JobSpec) -> None:
        self._space = spec.space

    def propose(self, number: int, attempt: int, known: Sequence[Trial], pending: Sequence[Proposal] = ()) -> Proposal:
        genotype = self._space.sample(random.Random(number % 3))
        return Proposal(number, self._space.choices(genotype), genotype)


def test_a_cell_that_failed_is_not_trained_again_when_the_sampler_knows_no_other() -> None:
    spec = a_spec(trials=60)
    trained: list[str] = []

    def failing_each(request: EvaluationRequest) -> Iterator[EvaluationReport]:
        trained.append(request.genotype.key)
        yield from failing(every=1)(request)

    search = a_search(spec, MemoryUnitOfWork(), KnowsThree(spec))
    InlineDispatcher(failing_each).run(search)
    assert len(search.trials) == 60
    assert len(trained) == len(set(trained)) == 3
    assert all(trial.failure and trial.failure.failure is FailureClass.DIVERGED for trial in search.trials)


@pytest.mark.parametrize("sampler", ["default", "random"])
def test_a_search_ends_when_every_cell_of_its_space_was_tried(sampler: str) -> None:
    space = a_spec().space.restricted(["identity", "sep_conv_3x3"], nodes=1)
    different = {genotype.key for genotype in space.genotypes()}
    spec = replace(a_spec(trials=1000, sampler=sampler), space=space)
    search = a_search(spec, MemoryUnitOfWork())
    ShuffledDispatcher(2, 0, failing(every=7)).run(search)
    assert search.exhausted
    assert {trial.proposal.genotype.key for trial in search.trials} == different
    assert len(search.trials) == len(different)
    assert search.closing_words == (
        f"All {len(different)} cells of the space were tried, "
        f"so the search ended after {len(different)} of 1000 trials."
    )


def test_halving_lets_about_one_in_three_reach_full_fidelity() -> None:
    search = a_search(a_spec(trials=60), MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    done = sum(trial.state is TrialState.DONE for trial in search.trials)
    assert 60 / 4 <= done <= 60 / 2
    assert all(trial.state in (TrialState.DONE, TrialState.STOPPED) for trial in search.trials)


def test_a_failed_trial_is_kept_with_its_reason_and_the_search_goes_on() -> None:
    work = MemoryUnitOfWork()
    search = a_search(a_spec(trials=30), work)
    InlineDispatcher(failing(every=3)).run(search)
    with work() as store:
        trials = store.trials(search.job.id)
    failures = [trial.failure for trial in trials if trial.state is TrialState.FAILED]
    assert failures
    assert all(failure and failure.failure is FailureClass.DIVERGED and failure.traceback for failure in failures)
    assert len(trials) == 30


def test_a_trial_whose_worker_dies_is_tried_three_times_and_then_kept_as_crashed() -> None:
    search = a_search(a_spec(trials=1), MemoryUnitOfWork())
    for _ in range(3):
        assignment = search.next()
        assert assignment is not None
        assert assignment.number == 0
        search.lost(0, "The worker died.")
    assert search.next() is None
    failure = search.trials[0].failure
    assert isinstance(failure, Failed)
    assert failure.failure is FailureClass.CRASHED


def test_crashes_are_counted_on_by_the_scheduler_that_comes_next() -> None:
    work = MemoryUnitOfWork()
    for _ in range(3):
        search = a_search(a_spec(trials=1), work)
        assert search.next() is not None
        search.lost(0, "The worker died.")
    failure = search.trials[0].failure
    assert failure is not None
    assert failure.failure is FailureClass.CRASHED


def test_a_deadline_that_has_passed_is_an_answer_and_not_tried_again() -> None:
    search = a_search(a_spec(trials=1), MemoryUnitOfWork())
    assignment = search.next()
    assert assignment is not None
    assert not search.report(0, Failed(2, FailureClass.DEADLINE, "There was no answer within 60 s.", ""))
    assert search.next() is None
    assert search.exhausted


@pytest.mark.parametrize(
    ("budget", "deadline_s"),
    [
        (Budget(seconds=600), 150),
        (Budget(seconds=60), 60),
        (Budget(seconds=86_400), 21_600),
        (Budget(seconds=600, evaluation_seconds=5), 5),
    ],
)
def test_an_evaluation_may_take_a_quarter_of_the_budget_or_what_is_asked_for(budget: Budget, deadline_s: float) -> None:
    search = a_search(replace(a_spec(), budget=budget), MemoryUnitOfWork())
    assignment = search.next()
    assert assignment is not None
    assert assignment.request.deadline_s == deadline_s


def test_a_trial_resumes_at_the_fidelity_after_the_last_recorded_one() -> None:
    work = MemoryUnitOfWork()
    search = a_search(a_spec(trials=1), work)
    assignment = search.next()
    assert assignment is not None
    assert search.report(0, next(evaluate(assignment.request)))
    again = a_search(a_spec(), work).next()
    assert again is not None
    assert again.request.fidelities == assignment.request.fidelities[1:]
    assert again.request.key == assignment.request.key


def test_every_worker_knows_the_fastest_pass_of_the_reference_in_this_job_and_who_takes_it_up_does_too() -> None:
    work = MemoryUnitOfWork()
    search = a_search(a_spec(lag=12), work)

    def told(reference_ms: float) -> float | None:
        assignment = search.next()
        assert assignment is not None
        given = replace(latency(), undisturbed_reference_ms=reference_ms)
        search.report(assignment.number, evaluated(assignment.request.fidelities[0], latency=given))
        return assignment.request.reference_ms

    assert [told(1.2), told(1.1), told(1.3), told(0.9)] == [None, 1.2, 1.1, 1.1]
    again = a_search(a_spec(), work).next()
    assert again is not None
    assert again.request.reference_ms == 0.9


def test_a_search_whose_job_was_taken_over_is_refused() -> None:
    work = MemoryUnitOfWork()
    search = a_search(a_spec(), work)
    assignment = search.next()
    assert assignment is not None
    with work() as store:
        taken = store.claim_job("test", 60)
    assert taken is not None
    with pytest.raises(LeaseLost):
        search.report(assignment.number, next(evaluate(assignment.request)))
    assert not resumed(*taken, work).trials[0].evaluations


def test_a_stopped_search_hands_out_nothing_more() -> None:
    search = a_search(a_spec(), MemoryUnitOfWork())
    search.stop()
    assert search.next() is None
    assert search.exhausted


def test_a_cell_that_is_known_to_miss_a_limit_is_answered_at_once_and_costs_no_trial() -> None:
    spec = replace(
        a_spec(trials=20, sampler="random"),
        objectives=(Objective("accuracy"), Objective("params", limit=MEDIAN_PARAMS)),
    )
    asked: list[EvaluationRequest] = []

    def noting(request: EvaluationRequest) -> Iterator[EvaluationReport]:
        asked.append(request)
        yield from evaluate(request)

    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(noting).run(search)
    rejected = [trial for trial in search.trials if trial.rejected]
    assert rejected
    assert len(search.trials) - len(rejected) == 20
    assert all(cost(Architecture(request.genotype, request.skeleton)).params <= MEDIAN_PARAMS for request in asked)
    told = told_of(search)
    assert (told.rejected, told.proposed) == (len(rejected), 20)


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "evolution"])
def test_samplers_learn_from_what_is_rejected(sampler: str) -> None:
    spec = replace(
        a_spec(trials=60, sampler=sampler), objectives=(Objective("accuracy"), Objective("params", limit=MEDIAN_PARAMS))
    )
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    half = len(search.trials) // 2
    early, late = (sum(trial.rejected for trial in part) for part in (search.trials[:half], search.trials[half:]))
    assert late < early


def test_the_default_sampler_proposes_nothing_that_is_known_to_miss_a_limit() -> None:
    spec = replace(
        a_spec(trials=50, sampler="default"),
        objectives=(Objective("accuracy"), Objective("params", limit=MEDIAN_PARAMS)),
    )
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    assert not any(trial.rejected for trial in search.trials)


def test_a_search_ends_when_nothing_keeps_its_limits() -> None:
    spec = replace(
        a_spec(trials=1, sampler="random"), objectives=(Objective("accuracy"), Objective("params", limit=1.0))
    )
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    assert search.exhausted
    assert all(trial.rejected for trial in search.trials)


def test_the_forecast_is_as_fresh_as_the_last_result() -> None:
    work = MemoryUnitOfWork()
    with work() as store:
        id = store.add_job(a_spec(trials=3, stopping="none")).id
        claimed = store.claim_job("test", 60)
    assert claimed is not None
    now = 100.0
    search = Search(*claimed, proposer_for(claimed[0].spec), work, clock=lambda: now)
    assignment = search.next()
    assert assignment is not None
    now += 20
    search.report(assignment.number, next(evaluate(assignment.request)))
    with work() as store:
        job = store.job(id)
        told = progress(job, Tally.of(job.spec, store.trials(id)))
    assert (told.done, told.seconds_used) == (1, 20.0)


def test_a_search_that_came_to_nothing_says_what_went_wrong() -> None:
    search = a_search(a_spec(trials=3), MemoryUnitOfWork())
    InlineDispatcher(failing(every=1)).run(search)
    assert search.closing_words == "No trial was fully trained: 3 diverged."


def test_a_search_tells_how_many_workers_it_can_still_use() -> None:
    search = a_search(a_spec(trials=3, stopping="none"), MemoryUnitOfWork())
    told = [search.usable_workers]
    while (assignment := search.next()) is not None:
        told.append(search.usable_workers)
        for report in evaluate(assignment.request):
            search.report(assignment.number, report)
        told.append(search.usable_workers)
    assert told == [3, 3, 2, 2, 1, 1, 1]


def test_the_seconds_of_a_search_stand_still_while_others_have_all_the_workers() -> None:
    now = 100.0
    job = a_search(a_spec(), work := MemoryUnitOfWork())
    search = Search(job.job, job._lease, proposer_for(job.job.spec), work, clock=lambda: now)
    now += 5
    search.rest()
    now += 50
    search.rest()
    now += 50
    assert search.seconds_used == 5
    search.wake()
    search.wake()
    now += 2
    assert search.seconds_used == 7


def test_what_was_handed_out_before_a_rest_is_asked_for_anew_and_trained_by_one_job_alone() -> None:
    work, claims = MemoryUnitOfWork(), Claims()
    spec = a_spec(stopping="none")
    with work() as store:
        store.add_job(spec)
        store.add_job(spec)
        claimed = [store.claim_job("test", 60, driving) for driving in ([], [1])]
    rests, other = (Search(*each, proposer_for(spec), work, claims=claims) for each in claimed if each)
    handed = rests.next()
    assert handed is not None
    rests.rest()
    taken = other.next()
    assert taken is not None
    assert taken.request.key == handed.request.key
    rests.wake()
    following = rests.next()
    assert following is not None
    assert following.request.key != handed.request.key
    for report in evaluate(taken.request):
        other.report(taken.number, report)
    for report in evaluate(following.request):
        rests.report(following.number, report)
    while rests.next() is not None:
        pass
    assert rests.trials[handed.number].evaluations[-1].reused_from is not None
