"""One job that cannot be read, however that came about, is in nobody's way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from service.dispatch.inline import InlineDispatcher
from service.domain.errors import Conflict
from service.domain.job import JobState
from service.domain.spec_data import spec_to_data
from service.leases import Leases
from service.runner import Runner
from service.sampling.registry import proposer_for
from service.store.doctor import examine
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import Table
from tests.fake_evaluations import evaluate
from tests.fakes import a_spec

SPEC = spec_to_data(a_spec(trials=3))
NEWER = "of a newer version"
UNREADABLE = {
    NEWER: json.dumps(SPEC | {"version": 2}),
    "nothing": "{}",
    "a list": "[1]",
    "a field too many": json.dumps(SPEC | {"recipe": SPEC["recipe"] | {"unheard_of": 1}}),
    "a value that is refused": json.dumps(SPEC | {"budget": SPEC["budget"] | {"trials": -1}}),
    "no JSON": '{"version": 1, "pri',
}


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = request.param == "sqlite"
    engine = connect(f"sqlite:///{tmp_path / 'record.db'}" if sqlite else request.getfixturevalue("postgres_url"))
    upgrade(engine)
    yield engine
    with engine.begin() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


@pytest.fixture(params=UNREADABLE)
def jobs(request: pytest.FixtureRequest, engine: Engine) -> tuple[int, int, int]:
    """Three that wait, of which the second cannot be read."""
    if request.param == "no JSON" and engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL keeps no such thing")
    with SqlUnitOfWork(engine)() as store:
        first, second, third = (store.add_job(a_spec(trials=3)).id for _ in range(3))
    with engine.begin() as connection:
        spoil = text("UPDATE jobs SET spec = :spec WHERE id = :id")
        connection.execute(spoil, {"spec": UNREADABLE[request.param], "id": second})
    return first, second, third


def test_a_scheduler_fails_it_with_the_reason_or_leaves_it_to_a_newer_one_and_goes_on(
    request: pytest.FixtureRequest, engine: Engine, jobs: tuple[int, int, int]
) -> None:
    first, second, third = jobs
    work = SqlUnitOfWork(engine)
    runner = Runner(Leases(work, work, "a"), proposer_for, lambda spec, share: InlineDispatcher(evaluate))
    assert [runner.run_one() for _ in range(3)] == [True, True, False]
    with work() as store:
        assert store.job(first).state is store.job(third).state is JobState.DONE
    with engine.begin() as connection:
        row = connection.execute(
            text("SELECT state, message, finished_at, lease_holder FROM jobs WHERE id = :id"), {"id": second}
        ).one()
    if request.node.callspec.params["jobs"] == NEWER:
        assert (row.state, row.message, row.finished_at) == (JobState.QUEUED, "", None)
        return
    assert row.state == JobState.FAILED
    assert row.message.startswith(f"Job {second} cannot be read: ")
    assert row.finished_at is not None
    assert row.lease_holder is None


def test_lists_leave_it_out_and_it_says_itself_why(engine: Engine, jobs: tuple[int, int, int]) -> None:
    first, second, third = jobs
    with SqlUnitOfWork(engine, read_only=True)() as store:
        assert [job.id for job in store.jobs()] == [third, first]
        assert [job.id for job in store.jobs(limit=2)] == [third, first], "a page is full where there are enough"
        assert [job.id for job in store.jobs(before=third, limit=1)] == [first]
        assert [job.id for job in store.jobs(states=[JobState.DONE])] == []
        with pytest.raises(Conflict, match=f"Job {second} cannot be read: "):
            store.job(second)


def test_what_was_measured_in_other_jobs_is_told(engine: Engine, jobs: tuple[int, int, int]) -> None:
    work = SqlUnitOfWork(engine)
    runner = Runner(Leases(work, work, "a"), proposer_for, lambda spec, share: InlineDispatcher(evaluate))
    assert runner.run_one()
    with SqlUnitOfWork(engine, read_only=True)() as store:
        assert len(store.latencies("local", a_spec().skeleton, 1)) == 2


def test_the_doctor_names_it(engine: Engine, jobs: tuple[int, int, int]) -> None:
    [finding] = examine(engine)
    assert finding.what.startswith(f"Job {jobs[1]} cannot be read: ")
    assert "Update Cellsmith" in finding.remedy
