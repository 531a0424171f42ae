"""The doctor finds what should not be, and says what to do; a sound record it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from service.domain.job import JobState
from service.store.doctor import examine
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import Table
from tests.builders import job_spec
from tests.recorded import record


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = request.param == "sqlite"
    engine = connect(f"sqlite:///{tmp_path / 'record.db'}" if sqlite else request.getfixturevalue("postgres_url"))
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    with work() as store:
        job = store.add_job(job_spec())
    record(work)
    with engine.begin() as connection:  # PostgreSQL counts on where an earlier test has ended
        connection.execute(text("UPDATE jobs SET message = 'recorded' WHERE id = :id"), {"id": job.id})
    yield engine
    with engine.begin() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


def spoil(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def found(engine: Engine) -> list[str]:
    return [finding.what for finding in examine(engine)]


def test_a_sound_record_has_no_findings(engine: Engine) -> None:
    assert found(engine) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE trials SET state = 'done' WHERE number = 1", "done without weights"),
        ("DELETE FROM weights", "done without weights"),
        ("UPDATE trials SET state = 'failed' WHERE number = 0", "failed without a reason"),
        ("UPDATE evaluations SET accuracy = NULL WHERE fidelity = 2", "neither a result nor a failure"),
        ("UPDATE trials SET number = 9 WHERE number = 3", "missing between others"),
        ("UPDATE trials SET state = 'proposed' WHERE number = 4", "trial 4 has not ended"),
        ("UPDATE jobs SET lease_holder = 'gone'", "held by a scheduler"),
        ("UPDATE jobs SET state = 'cancelled', lease_holder = 'gone'", "held by a scheduler"),
        ("UPDATE jobs SET state = 'running', lease_holder = NULL", "nobody holds it"),
    ],
)
def test_what_should_not_be_is_found(engine: Engine, statement: str, words: str) -> None:
    spoil(engine, statement)
    assert any(words in what for what in found(engine)), found(engine)
    assert all(finding.remedy for finding in examine(engine))


def test_a_lease_that_ran_out_is_found_with_its_holder(engine: Engine) -> None:
    work = SqlUnitOfWork(engine)
    with work() as store:
        job = store.add_job(job_spec())
        claimed = store.claim_job("a scheduler that was killed", 0.0)
    assert claimed
    (finding,) = examine(engine)
    assert finding.what.startswith(
        f"Job {job.id} is running, but a scheduler that was killed, which held it, is silent"
    )
    assert "python -m service scheduler" in finding.remedy
    with work() as store:
        assert store.job(job.id).state is JobState.RUNNING


def test_another_schema_is_all_that_is_told(engine: Engine) -> None:
    with engine.begin() as connection:
        ours = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    spoil(engine, "UPDATE alembic_version SET version_num = '9999'")
    (what,) = found(engine)
    assert "9999, which is newer" in what
    spoil(engine, f"UPDATE alembic_version SET version_num = '{ours}'")
