"""Upkeep of the record as an operator does it: `python -m service backup`, `restore`, `doctor`, `export-optuna`."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from service.__main__ import COMMANDS
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from tests.builders import job_spec
from tests.processes import ROOT, free_port
from tests.recorded import SEARCH, record
from tests.schema import downgrade

PAGE = ROOT / "docs" / "reference" / "commands.md"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one searched job."""
    folder = tmp_path / "data"
    folder.mkdir()
    engine = connect(f"sqlite:///{folder / 'cellsmith.db'}")
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    with work() as store:
        store.add_job(job_spec())
    record(work)
    engine.dispose()
    return folder


def run(data: Path, *arguments: object) -> tuple[int, str]:
    """Exit code, and everything that was printed."""
    environment = os.environ | {"CELLSMITH_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "service", *map(str, arguments)]
    output = subprocess.PIPE
    done = subprocess.run(
        command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def test_a_record_is_backed_up_examined_and_restored_elsewhere(data: Path, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "backup", tmp_path / "elsewhere"
    assert run(data, "backup", file)[0] == 0
    code, told = run(elsewhere, "restore", file)
    assert (code, told.count("\n")) == (0, 1), told
    assert run(elsewhere, "doctor") == (
        0,
        "The record is in order: schema, leases, and every trial with its evaluations.\n",
    )
    code, told = run(elsewhere, "restore", file)
    assert code == 1
    assert told == "The record has 1 jobs, which would be lost: back it up, then add --replace.\n"


def damage(file: Path) -> None:
    """Every page after the first loses its own, as on a disk that fails."""
    content = bytearray(file.read_bytes())
    content[4096:] = b"x" * (len(content) - 4096)
    file.write_bytes(content)


def test_a_database_that_is_away_is_told_with_its_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLSMITH_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/cellsmith")
    code, told = run(tmp_path, "doctor")
    assert (code, told.count("\n")) == (1, 1), told
    assert told.endswith("(CELLSMITH_DATABASE_URL)\n")


def test_a_damaged_record_is_no_backup(data: Path, tmp_path: Path) -> None:
    damage(data / "cellsmith.db")
    code, told = run(data, "backup", tmp_path / "backup")
    assert (code, told.count("\n")) == (1, 1), told
    assert "damaged" in told
    assert not list(tmp_path.glob("backup*"))
    code, told = run(data, "doctor")
    assert code == 1
    assert told.startswith("The file of the database is damaged: ")
    assert "Restore a backup: `python -m service restore FILE --replace`." in told


@pytest.mark.parametrize("whole", [True, False])
def test_a_backup_is_restored_over_a_damaged_record_which_is_kept(data: Path, tmp_path: Path, whole: bool) -> None:
    file, record = tmp_path / "backup", data / "cellsmith.db"
    assert run(data, "backup", file)[0] == 0
    record.write_bytes(b"no database " * 1000) if whole else damage(record)
    damaged = record.read_bytes()
    code, told = run(data, "restore", file)
    assert (code, told.count("\n")) == (1, 1), told
    assert "add --replace" in told
    assert run(data, "restore", file, "--replace")[0] == 0
    assert run(data, "doctor")[0] == 0
    assert (data / "cellsmith.db.damaged-1").read_bytes() == damaged


def test_a_record_that_somebody_writes_to_is_not_taken_for_damaged(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    assert run(data, "backup", file)[0] == 0
    with connect(f"sqlite:///{data / 'cellsmith.db'}").begin():
        assert run(data, "restore", file, "--replace")[0] == 1
    assert not list(data.glob("*damaged*"))


@pytest.mark.parametrize("held", ["service.lock", "scheduler.lock"])
def test_nothing_is_restored_where_a_service_or_a_scheduler_runs(data: Path, tmp_path: Path, held: str) -> None:
    file = tmp_path / "backup"
    assert run(data, "backup", file)[0] == 0
    with (data / held).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = f"Another service, scheduler or restore uses {data}: stop it, or set CELLSMITH_DATA_DIR.\n"
        assert run(data, "restore", file, "--replace") == (1, told)
    assert run(data, "restore", file, "--replace")[0] == 0


def test_a_record_of_an_older_schema_is_backed_up_before_an_update(data: Path, tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{data / 'cellsmith.db'}")
    downgrade(engine, "0001")
    engine.dispose()
    assert run(data, "backup", tmp_path / "backup")[0] == 0
    assert run(tmp_path / "elsewhere", "restore", tmp_path / "backup")[0] == 0


def test_the_doctor_says_what_is_wrong_and_what_to_do(data: Path) -> None:
    with connect(f"sqlite:///{data / 'cellsmith.db'}").begin() as connection:
        connection.exec_driver_sql("DELETE FROM weights")
    code, told = run(data, "doctor")
    assert code == 1
    assert "Trial 0 of job 1 is done without weights.\n    This never happens by itself." in told


def test_a_job_is_taken_out_as_a_study(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    code, told = run(data, "export-optuna", 1, file)
    assert (code, told) == (0, f"Job 1 is in {file}, trials: {len(SEARCH)}; optuna-dashboard sqlite:///{file}\n")
    study = optuna.load_study(study_name="cellsmith-job-1", storage=f"sqlite:///{file}")
    assert len(study.trials) == len(SEARCH)


@pytest.mark.parametrize("arguments", [("backup", "b"), ("doctor",), ("export-optuna", 1, "s")])
def test_where_there_is_no_record_none_is_made(tmp_path: Path, arguments: tuple[object, ...]) -> None:
    code, told = run(tmp_path / "nothing", *arguments)
    assert code == 1
    assert told.startswith("There is no record at ")
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_is_not_there_is_refused_in_one_line(data: Path, tmp_path: Path) -> None:
    assert run(data, "export-optuna", 7, tmp_path / "study.db") == (1, "There is no job 7.\n")


def test_every_part_of_the_service_has_a_line_on_the_reference_page() -> None:
    words = [
        line.split("`")[1].split() for line in PAGE.read_text().splitlines() if line.startswith("| `python -m service")
    ]
    assert {each[3] if len(each) > 3 else "all" for each in words} == set(COMMANDS)
