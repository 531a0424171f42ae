"""What SQLite is told, so that nothing is lost and nobody waits for each other."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, InternalError

from service.domain.errors import Unavailable
from service.domain.job import JobState
from service.store.engine import connect, reading
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from tests.builders import evaluation, job_spec, proposal


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = connect(f"sqlite:///{tmp_path / 'record.db'}")
    upgrade(engine)
    return engine


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "delete"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)],
)
def test_every_connection_to_sqlite_is_careful(engine: Engine, pragma: str, value: object) -> None:
    with engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_two_that_read_and_then_write_do_not_wait_for_each_other(engine: Engine) -> None:
    work = SqlUnitOfWork(engine)
    with work() as store:
        ids = [store.add_job(job_spec()).id for _ in range(20)]

    def pause(some: list[int]) -> None:
        for each in some:
            with work() as store:
                if store.job(each).state is JobState.QUEUED:
                    store.move_job(each, JobState.PAUSED)

    threads = [threading.Thread(target=pause, args=(ids[half::2],)) for half in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with work() as store:
        assert {job.state for job in store.jobs()} == {JobState.PAUSED}


def test_a_reader_is_not_kept_waiting_by_a_writer_at_work(engine: Engine) -> None:
    work, read = SqlUnitOfWork(engine), SqlUnitOfWork(engine, read_only=True)
    with work() as store:
        job = store.add_job(job_spec())
    with work() as store:
        store.move_job(job.id, JobState.PAUSED)
        with read() as other:
            assert other.job(job.id).state is JobState.QUEUED


def test_what_is_killed_before_its_commit_never_happened(engine: Engine, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "record.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO devices VALUES ('gone', '{}')")
    other.close()
    with SqlUnitOfWork(engine)() as store:
        assert store.devices() == {}


def test_one_commit_a_write_and_none_for_a_read(engine: Engine) -> None:
    work = SqlUnitOfWork(engine)
    with work() as store:
        store.add_job(job_spec())
    with work() as store:
        claimed = store.claim_job("a", 100)
    assert claimed
    with work() as store:
        store.add_trial(claimed[1], proposal())
    with work() as store:
        store.add_evaluation(claimed[1], 0, evaluation(), state=store.trial(claimed[0].id, 0).state)
    with work() as store:
        store.trials(claimed[0].id)
        assert store.claim_job("b", 100) is None
    assert work.commits == 4


def test_postgres_refuses_to_write_in_a_transaction_for_reading(postgres_url: str) -> None:
    engine = connect(postgres_url)
    with reading(engine).begin() as connection, pytest.raises(InternalError, match="read-only transaction"):
        connection.execute(text("CREATE TABLE refused (id int)"))
    engine.dispose()


def test_a_process_that_stood_still_within_a_transaction_finds_the_database_away_and_then_there(
    postgres_url: str,
) -> None:
    engine = connect(postgres_url, longest_pause_ms=100)
    upgrade(engine)
    work = SqlUnitOfWork(engine)

    def stand_still() -> None:
        with work() as store:
            store.schedulers()
            time.sleep(0.5)
            store.schedulers()

    with pytest.raises(Unavailable):
        stand_still()
    with work() as store:
        store.schedulers()
    engine.dispose()


def test_a_record_that_may_be_read_alone_is_away_for_who_writes(postgres_url: str) -> None:
    engine = connect(postgres_url)
    upgrade(engine)
    with pytest.raises(Unavailable, match="read-only"), SqlUnitOfWork(engine, read_only=True)() as store:
        store.add_job(job_spec())
    engine.dispose()


def test_a_record_that_is_damaged_while_it_is_used_is_away(tmp_path: Path) -> None:
    file = tmp_path / "record.db"
    engine = connect(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"x" * (len(content) - 4096))
    with pytest.raises(Unavailable, match="malformed"), SqlUnitOfWork(engine)() as store:
        store.jobs()
    engine.dispose()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "record.db").write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseError, match="not a database"):
        upgrade(connect(f"sqlite:///{tmp_path / 'record.db'}"))
