"""A backup is one state of the record, and restoring it gives that state back, on both databases."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from service.domain.errors import BackupFailed
from service.store.backup import back_up, restore
from service.store.doctor import examine
from service.store.engine import connect
from service.store.migrate import check, upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import Table
from service.usecases import front, jobs
from tests.builders import job_spec
from tests.postgres import postgres_or_skip
from tests.processes import ROOT
from tests.recorded import SEARCH, record
from tests.schema import downgrade


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'record.db'}")
        upgrade(engine)
        yield engine
        return
    if not shutil.which("pg_dump"):
        pytest.skip("no pg_dump on this machine")
    with postgres_or_skip() as url:
        engine = connect(url)
        upgrade(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def work(engine: Engine) -> SqlUnitOfWork:
    work = SqlUnitOfWork(engine)
    with work() as store:
        store.add_job(job_spec(name="searched"))
    record(work)
    return work


def test_what_was_backed_up_comes_back_and_what_came_later_is_gone(
    engine: Engine, work: SqlUnitOfWork, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    with work() as store:
        trials, weights = store.trials(1), store.weights(1, 0, "training")
    with work() as store:
        store.pulse("a", 3600)
    back_up(engine, file)
    with work() as store:
        store.add_job(job_spec(name="later"))
        store.pulse("a", 0)
    restore(engine, file, replace=True)
    with work() as store:
        assert [job.spec.name for job in store.jobs()] == ["searched"]
        assert store.trials(1) == trials
        assert store.weights(1, 0, "training") == weights
        assert store.schedulers() == [], "those of then work no more"
        assert store.add_job(job_spec()).id == 2
    assert list(examine(engine)) == []
    assert sorted(path.name for path in tmp_path.iterdir() if "backup" in path.name) == ["backup"]


def test_who_has_read_the_record_before_tells_what_was_restored_and_what_comes_then(
    engine: Engine, tmp_path: Path
) -> None:
    reader = SqlUnitOfWork(engine)
    with reader() as store:
        store.add_job(job_spec())
    back_up(engine, tmp_path / "backup")

    def told(work: SqlUnitOfWork) -> tuple[object, ...]:
        status, found = jobs.get(1, work), front.of_job(1, work)
        return status.progress, status.best_accuracy, found.points, found.hypervolume, front.history(1, work).steps

    nothing = told(reader)
    for reports in (SEARCH, SEARCH[::-1]):
        record(reader, reports)
        assert told(reader) == told(SqlUnitOfWork(engine)) != nothing
        restore(engine, tmp_path / "backup", replace=True)
        assert told(reader) == nothing


def test_a_backup_may_have_any_name(engine: Engine, work: SqlUnitOfWork, tmp_path: Path) -> None:
    for name in ("a#b", "a?b", "a%41b", "a b", "a'b"):
        back_up(engine, tmp_path / name)
        with work() as store:
            store.add_job(job_spec(name="later"))
        restore(engine, tmp_path / name, replace=True)
        with work() as store:
            assert [job.spec.name for job in store.jobs()] == ["searched"]


def test_jobs_are_replaced_only_where_that_is_asked_for(engine: Engine, work: SqlUnitOfWork, tmp_path: Path) -> None:
    back_up(engine, tmp_path / "backup")
    with pytest.raises(BackupFailed, match=r"1 jobs.*--replace"):
        restore(engine, tmp_path / "backup")


def test_nothing_is_restored_under_a_working_scheduler(engine: Engine, work: SqlUnitOfWork, tmp_path: Path) -> None:
    back_up(engine, tmp_path / "backup")
    with work() as store:
        store.pulse("here", 60)
    with pytest.raises(BackupFailed, match="scheduler here works"):
        restore(engine, tmp_path / "backup", replace=True)


def test_a_backup_does_not_overwrite_a_file(engine: Engine, work: SqlUnitOfWork, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(BackupFailed, match="there already"):
        back_up(engine, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "precious"


@pytest.mark.parametrize("content", [b"", b"no backup at all" * 500])
def test_what_is_no_backup_changes_nothing(engine: Engine, work: SqlUnitOfWork, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(BackupFailed) as refusal:
        restore(engine, tmp_path / "other", replace=True)
    assert "\n" not in str(refusal.value)
    with work() as store:
        assert [job.spec.name for job in store.jobs()] == ["searched"]


def test_a_backup_of_an_older_schema_is_brought_to_this_one(
    engine: Engine, work: SqlUnitOfWork, tmp_path: Path
) -> None:
    file = tmp_path / "old"
    downgrade(engine, "0001")
    copied(engine, file)
    upgrade(engine)
    with work() as store:
        store.add_job(job_spec(name="later"))
    restore(engine, file, replace=True)
    check(engine)
    with work() as store:
        assert [job.spec.name for job in store.jobs()] == ["searched"]


def test_a_backup_of_a_newer_schema_is_refused_and_changes_nothing(
    engine: Engine, work: SqlUnitOfWork, tmp_path: Path
) -> None:
    file = tmp_path / "new"
    with engine.begin() as connection:
        (needed,) = connection.execute(text("SELECT version_num FROM alembic_version")).one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    copied(engine, file)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :needed"), {"needed": needed})
    with pytest.raises(BackupFailed, match="schema 9999, which is newer"):
        restore(engine, file, replace=True)
    check(engine)
    with work() as store:
        assert [job.spec.name for job in store.jobs()] == ["searched"]


@pytest.mark.parametrize("kept", [0.5, 0.75, 0.95])
def test_a_backup_of_an_older_schema_that_is_cut_off_changes_nothing(
    engine: Engine, work: SqlUnitOfWork, tmp_path: Path, kept: float
) -> None:
    with work() as store:
        store.count_refused(1)
    file, there = older(engine, tmp_path), rows(engine)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BackupFailed) as refusal:
        restore(engine, file, replace=True)
    assert "\n" not in str(refusal.value)
    assert rows(engine) == there
    check(engine)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("view", "refused"), [("SELECT 1 AS id", '"mine" is not a table'), ("SELECT id FROM jobs", "depends on table jobs")]
)
def test_a_backup_of_an_older_schema_that_the_server_refuses_changes_nothing(
    engine: Engine, work: SqlUnitOfWork, tmp_path: Path, view: str, refused: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (id integer)"))
    file, there = older(engine, tmp_path), rows(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE mine"))
        connection.execute(text(f"CREATE VIEW mine AS {view}"))
    with pytest.raises(BackupFailed, match=refused):
        restore(engine, file, replace=True)
    assert rows(engine) == there
    with engine.begin() as connection:
        assert connection.execute(text("SELECT id FROM mine")).scalars().all() == [1]


# Restores over a damaged record again and again, and is killed before its first, second, ... change of a name.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from service.store.backup import restore
from service.store.engine import connect
from service.store.sqlite_file import damage

backup, damaged = map(Path, sys.argv[1:])
whole, changes = 0, {"os.link", "os.rename"}
while not whole:
    folder = damaged.parent / f"kills{len(list(damaged.parent.glob('kills*')))}"
    folder.mkdir()
    record = Path(shutil.copy(damaged, folder / "record.db"))
    record.with_name("record.db-journal").write_bytes(bytes(512))
    if (child := os.fork()) == 0:
        left = int(folder.name.removeprefix("kills"))
        def kill(event, arguments):
            global left
            if event in changes and str(folder) in f"{arguments}":
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(kill)
        restore(connect(f"sqlite:///{record}"), backup, replace=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print("killed" if status else "done", "damaged" if damage(record) else "whole", flush=True)
    whole = status == 0
"""


def test_a_kill_at_any_moment_leaves_the_damaged_record_or_the_restored_one(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'sound.db'}")
    upgrade(engine)
    back_up(engine, tmp_path / "backup")
    engine.dispose()
    (tmp_path / "damaged").write_bytes(b"no database " * 1000)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "backup"), str(tmp_path / "damaged")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*["killed damaged"] * 3, "done whole"]
    for folder in tmp_path.glob("kills*"):
        assert b"no database" in (folder / "record.db").read_bytes() or not (folder / "record.db-journal").exists()


def older(engine: Engine, folder: Path) -> Path:
    """A backup of schema 0001, of a record that is as it was again."""
    copied(engine, folder / "newest")
    downgrade(engine, "0001")
    copied(engine, folder / "oldest")
    restore(engine, folder / "newest", replace=True)
    return folder / "oldest"


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is recorded, by table."""
    with engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for name, table in Table.metadata.tables.items()
        }


def copied(engine: Engine, file: Path) -> None:
    """What a Cellsmith of the record's schema would have backed up."""
    if engine.dialect.name == "sqlite":
        engine.dispose()
        with sqlite3.connect(str(engine.url.database)) as record, sqlite3.connect(file) as copy:
            record.backup(copy)
    else:
        address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        subprocess.run(["pg_dump", "--format=custom", f"--file={file}", f"--dbname={address}"], check=True)
