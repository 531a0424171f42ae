"""Who watches a job is told that nobody works on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from cellsmith.attendance import GRACE_S, INTERVAL_S, Attendance
from cellsmith.client import Client
from cellsmith.results import Job
from cellsmith.watch import follow
from service.ports import UnitOfWork
from tests.client.conftest import Cellsmith


class Clock:
    """Stands still between steps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as client:
        yield client


@pytest.fixture
def job(cellsmith: Cellsmith, client: Client) -> Job:
    cellsmith("submit", "--dataset", "digits")
    return next(follow(client, 1))


def told(attendance: Attendance, clock: Clock, job: Job, seconds: float) -> list[str]:
    """What is said while these seconds pass."""
    said = []
    for _ in range(int(seconds / INTERVAL_S)):
        clock.now += INTERVAL_S
        said += [news] if (news := attendance.news(job)) else []
    return said


def test_it_is_said_once_that_no_scheduler_works_and_once_that_one_does_again(
    client: Client, job: Job, work: UnitOfWork
) -> None:
    clock = Clock()
    attendance = Attendance(client, clock=clock)
    assert told(attendance, clock, job, GRACE_S) == []
    (missing,) = told(attendance, clock, job, 30)
    assert missing.startswith("No scheduler works at the moment")
    with work() as store:
        store.pulse("a scheduler", 60)
    assert told(attendance, clock, job, 30) == ["A scheduler works now."]


def test_a_scheduler_that_is_about_to_start_is_not_missed(client: Client, job: Job, work: UnitOfWork) -> None:
    clock = Clock()
    attendance = Attendance(client, clock=clock)
    assert told(attendance, clock, job, GRACE_S) == []
    with work() as store:
        store.pulse("a scheduler", 60)
    assert told(attendance, clock, job, 30) == []


@pytest.mark.parametrize("state", ["paused", "done"])
def test_a_job_that_wants_no_scheduler_misses_none(client: Client, job: Job, state: str) -> None:
    clock = Clock()
    assert told(Attendance(client, clock=clock), clock, cast(Job, job | {"state": state}), 60) == []


def test_a_service_that_is_away_is_no_news(free_url: str, job: Job) -> None:
    clock = Clock()
    with Client(free_url) as nobody:
        assert told(Attendance(nobody, clock=clock), clock, job, 60) == []
