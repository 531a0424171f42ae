"""How jobs share the processors: by priority, then equally, never more than there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.domain.job import Job, JobState, Resources, Sampler
from service.domain.shares import shares
from tests.builders import job_spec

SPEC = job_spec()


def a_job(id: int, priority: int = 0, workers: int = 1024, cpus: int = 1) -> Job:
    spec = replace(SPEC, priority=priority, resources=Resources(workers, cpus))
    return Job(id, spec, JobState.RUNNING, datetime(2026, 1, 1, tzinfo=UTC))


def test_a_job_that_is_alone_has_what_it_asks_for_and_what_is_there() -> None:
    assert shares(8, [a_job(1, workers=3)]) == {1: 3}
    assert shares(2, [a_job(1, workers=3)]) == {1: 2}
    assert shares(8, [a_job(1, cpus=3)]) == {1: 2}


def test_equal_jobs_differ_by_one_at_most_and_the_oldest_has_the_one_more() -> None:
    assert shares(2, [a_job(2), a_job(1)]) == {1: 1, 2: 1}
    assert shares(8, [a_job(3), a_job(1), a_job(2)]) == {1: 3, 2: 3, 3: 2}


def test_what_a_job_cannot_use_the_others_have() -> None:
    lagging = replace(a_job(1), spec=replace(SPEC, sampler=Sampler(lag=2), resources=Resources(64)))
    assert shares(8, [lagging, a_job(2)]) == {1: 2, 2: 6}
    assert shares(8, [a_job(1), a_job(2)], usable={1: 1, 3: 5}) == {1: 1, 2: 7}


def test_what_one_job_does_not_ask_for_the_others_have() -> None:
    assert shares(8, [a_job(1, workers=1), a_job(2), a_job(3)]) == {1: 1, 2: 4, 3: 3}


def test_a_job_of_higher_priority_takes_what_it_can_use_and_leaves_the_rest() -> None:
    assert shares(4, [a_job(1), a_job(2, priority=1)]) == {2: 4}
    assert shares(4, [a_job(1), a_job(2, priority=1, workers=3)]) == {2: 3, 1: 1}


wanted = st.tuples(st.integers(-1, 1), st.integers(1, 8), st.integers(1, 4))


@given(st.integers(1, 64), st.lists(wanted, max_size=6))
def test_no_more_is_given_than_there_is_or_than_is_asked_for_and_nothing_usable_is_left(
    processors: int, wishes: list[tuple[int, int, int]]
) -> None:
    jobs = [a_job(id, *wish) for id, wish in enumerate(wishes)]
    given = shares(processors, jobs)
    used = {job.id: given[job.id] * job.spec.resources.cpus for job in jobs}
    left = processors - sum(used.values())
    assert left >= 0
    for job in jobs:
        assert given[job.id] <= job.spec.resources.workers
        assert given[job.id] == job.spec.resources.workers or job.spec.resources.cpus > left
