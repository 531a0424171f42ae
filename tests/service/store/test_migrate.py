"""The migrations make the tables that the code has, on both databases, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from service.domain.errors import WrongSchema
from service.store.doctor import examine
from service.store.engine import connect
from service.store.migrate import MIGRATIONS, check, upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import Table
from tests.builders import job_spec
from tests.recorded import SEARCH, record
from tests.schema import downgrade

OLDER = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][1:]
JOBS, TRIALS = 4, 250


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = request.param == "sqlite"
    engine = connect(f"sqlite:///{tmp_path / 'record.db'}" if sqlite else request.getfixturevalue("postgres_url"))
    downgrade(engine)
    yield engine
    downgrade(engine)
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_up_down_and_up_again(engine: Engine) -> None:
    upgrade(engine)
    assert tables(engine) == set(Table.metadata.tables)
    downgrade(engine)
    assert tables(engine) == set()
    upgrade(engine)
    upgrade(engine)
    assert tables(engine) == set(Table.metadata.tables)


def rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables(engine)
        }


def test_two_thousand_rows_outlive_the_way_down_to_every_older_schema_and_up_again(engine: Engine) -> None:
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    ids = []
    for seed in range(JOBS):
        with work() as store:
            ids.append(store.add_job(job_spec(seed=seed)).id)
        record(work, [SEARCH[number % len(SEARCH)] for number in range(TRIALS)])
    with work() as store:
        jobs, trials = store.jobs(), [store.trials(id) for id in ids]
    there = rows(engine)
    assert there["trials"] + there["evaluations"] == 2 * JOBS * TRIALS == 2000
    for older in OLDER:
        downgrade(engine, older)
        assert rows(engine).items() <= there.items()
        upgrade(engine)
        with work() as store:
            assert store.jobs() == jobs
            assert [store.trials(id) for id in ids] == trials
            assert store.weights(ids[0], 0, "training")
    assert rows(engine) == there
    assert list(examine(engine)) == []
    with work() as store:
        store.add_job(job_spec())
    record(work)


def test_latencies_recorded_as_medians_by_the_wall_are_those_of_an_idle_machine_afterwards(engine: Engine) -> None:
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    with work() as store:
        job = store.add_job(job_spec())
    record(work, SEARCH)
    latencies = text("SELECT latency_ms FROM evaluations ORDER BY id")
    with engine.connect() as connection:
        as_told = connection.execute(latencies).scalars().all()
    assert any(as_told)
    downgrade(engine, "0005")
    with engine.begin() as connection:
        connection.execute(text("UPDATE evaluations SET latency_ms = 99 WHERE latency_ms IS NOT NULL"))
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(latencies).scalars().all() == as_told
    with work() as store:
        results = [trial.full_result for trial in store.trials(job.id)]
    assert {result.latency.median_ms for result in results if result} <= set(as_told)


def test_nobody_holds_a_job_afterwards_that_was_cancelled_long_ago(engine: Engine) -> None:
    upgrade(engine)
    with SqlUnitOfWork(engine)() as store:
        cancelled, running = store.add_job(job_spec()), store.add_job(job_spec())
    downgrade(engine, "0006")
    hold = text("UPDATE jobs SET state = :state, lease_holder = 'here', lease_until = created_at WHERE id = :id")
    with engine.begin() as connection:
        connection.execute(hold, [{"state": "cancelled", "id": cancelled.id}, {"state": "running", "id": running.id}])
    upgrade(engine)
    with engine.connect() as connection:
        leases = connection.execute(text("SELECT id, lease_holder, lease_until IS NULL FROM jobs ORDER BY id")).all()
    assert leases == [(cancelled.id, None, True), (running.id, "here", False)]


def test_the_migrations_make_the_tables_that_the_code_has(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_a_database_that_fits_passes_the_check(engine: Engine) -> None:
    upgrade(engine)
    check(engine)


def test_an_empty_database_is_refused_with_the_command_that_helps(engine: Engine) -> None:
    with pytest.raises(WrongSchema, match=r"no tables.*python -m service migrate"):
        check(engine)


def test_a_newer_database_is_left_alone(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        ours = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (check, upgrade):
        with pytest.raises(WrongSchema, match="9999, which is newer") as refusal:
            use(engine)
        assert "\n" not in str(refusal.value)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :ours"), {"ours": ours})
