"""Jobs that go on at the same time and want the same cells: each is trained once, and both have it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from service.claims import Claims
from service.domain.job import JobSpec
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.memory import MemoryUnitOfWork
from tests.fake_evaluations import evaluate, failing
from tests.fakes import ShuffledDispatcher, a_search, a_spec, told_of
from workers.messages import EvaluationReport, EvaluationRequest

Story = list[tuple[str, str, list[tuple[int, float]]]]


def story(search: Search) -> Story:
    """What came of each cell, in order."""
    return [
        (
            trial.proposal.genotype.key,
            trial.state,
            [(own.report.fidelity, getattr(own.report, "accuracy", -1.0)) for own in trial.evaluations],
        )
        for trial in search.trials
    ]


def at_once(specs: list[JobSpec], workers: int, chance: random.Random) -> tuple[list[Search], Counter[tuple[str, int]]]:
    """Drives jobs together, whose workers take turns by chance; how often each cell was trained to each fidelity."""
    work, claims = MemoryUnitOfWork(), Claims()
    trained: Counter[tuple[str, int]] = Counter()

    def counted(request: EvaluationRequest) -> Iterator[EvaluationReport]:
        for report in failing(every=7, evaluate=evaluate)(request):
            trained[request.genotype.key, report.fidelity] += 1
            yield report

    with work() as store:
        for spec in specs:
            store.add_job(spec)
        claimed = [store.claim_job("test", 60, driving) for driving in ([], [1])]
    searches = [Search(*each, proposer_for(each[0].spec), work, claims=claims) for each in claimed if each]
    busy: list[tuple[Search, int, Iterator[EvaluationReport]]] = []
    while True:
        for search in searches:
            while sum(each is search for each, _, _ in busy) < workers and (assignment := search.next()):
                busy.append((search, assignment.number, counted(assignment.request)))
        if not busy:
            assert all(search.exhausted for search in searches), "each waits for the other"
            break
        index = chance.randrange(len(busy))
        search, number, reports = busy[index]
        if not search.report(number, next(reports)):
            del busy[index]
    return searches, trained


@pytest.mark.parametrize(("sampler", "workers"), [("default", 2), ("nsga2", 1), ("nsga2", 2), ("nsga2", 4)])
def test_two_equal_jobs_at_once_train_every_cell_once_and_become_what_one_alone_does(
    sampler: str, workers: int
) -> None:
    spec = a_spec(trials=40, sampler=sampler)
    alone = a_search(spec, MemoryUnitOfWork())
    ShuffledDispatcher(1, 0, failing(every=7)).run(alone)
    searches, trained = at_once([spec, spec], workers, random.Random(workers))
    assert [story(search) for search in searches] == [story(alone)] * 2
    assert set(trained.values()) == {1}
    assert sum(told_of(search).reused_evaluations for search in searches) == len(trained)


def test_one_that_goes_on_where_the_other_stops_takes_over_what_the_other_has() -> None:
    halving = a_spec(trials=40, sampler="random")
    searches, trained = at_once(
        [halving, replace(halving, early_stopping=a_spec(stopping="none").early_stopping)], 2, random.Random(1)
    )
    assert [len(search.trials) for search in searches] == [40, 40]
    assert max(trained.values()) == 1


def test_what_a_job_that_rests_would_do_keeps_nobody_waiting() -> None:
    claims = Claims()
    assert claims.claim("a cell", 1)
    assert not claims.claim("a cell", 2)
    claims.give_up_all(1)
    assert claims.claim("a cell", 2)
    claims.give_up("a cell", 1)  # which holds it no longer
    assert not claims.claim("a cell", 1)
    assert claims.ended_for_others(1) == 0
    claims.give_up("a cell", 2)
    assert (claims.ended_for_others(1), claims.ended_for_others(2)) == (1, 0)
