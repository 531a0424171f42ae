"""What an operator does with the record: backing it up, restoring it, having it examined, taking a study out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from service.domain.errors import RecordUnusable
from service.locks import SCHEDULER_LOCK, SERVICE_LOCK, only_one
from service.settings import Settings
from service.store.backup import back_up, restore
from service.store.doctor import examine
from service.store.engine import connect, told_in_one_line
from service.store.migrate import check
from service.store.sql import SqlUnitOfWork
from service.store.sqlite_file import path_of

if TYPE_CHECKING:
    from sqlalchemy import Engine


def backup(settings: Settings, file: Path) -> None:
    """Writes the whole record to a file, while the service runs or not."""
    with _record(settings) as engine:
        back_up(engine, file)
    print(f"The record is in {file}, {file.stat().st_size / 1e6:.1f} MB.")


def restore_from(settings: Settings, file: Path, *, replace: bool) -> None:
    """Makes the record what it was when the file was written.

    CannotStart where a service or a scheduler runs on the data folder; none can start meanwhile.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (
        only_one(settings.data_dir, SERVICE_LOCK),
        only_one(settings.data_dir, SCHEDULER_LOCK),
        _record(settings, may_be_new=True) as engine,
    ):
        restore(engine, file, replace=replace)
    print(f"The record is what it was when {file} was written.")


def doctor(settings: Settings) -> bool:
    """Prints what is wrong with the record and what to do; whether nothing is."""
    with _record(settings) as engine:
        findings = list(examine(engine))
    for finding in findings:
        print(f"{finding.what}\n    {finding.remedy}")
    if not findings:
        print("The record is in order: schema, leases, and every trial with its evaluations.")
    return not findings


def export_optuna(settings: Settings, job: int, file: Path) -> None:
    """Writes a job as a study of Optuna's, which its dashboard opens."""
    with _record(settings) as engine:
        check(engine)
        with SqlUnitOfWork(engine, read_only=True)() as store:
            found, trials = store.job(job), store.trials(job)
    # Optuna is loaded by the one command that needs it.
    from service.sampling.study import export_study

    with told_in_one_line():
        export_study(found, trials, file)
    print(f"Job {job} is in {file}, trials: {len(trials)}; optuna-dashboard sqlite:///{file}")


@contextmanager
def _record(settings: Settings, *, may_be_new: bool = False) -> Iterator[Engine]:
    engine = connect(settings.database)
    path = path_of(engine.url)
    if engine.dialect.name == "sqlite" and not may_be_new and not path.exists():
        raise RecordUnusable(f"There is no record at {path} (CELLSMITH_DATABASE_URL, CELLSMITH_DATA_DIR).")
    if engine.dialect.name == "postgresql":
        try:
            with told_in_one_line():
                engine.connect().close()
        except RecordUnusable as error:
            raise RecordUnusable(f"The database cannot be used: {error} (CELLSMITH_DATABASE_URL)") from error
    with told_in_one_line():
        yield engine
    engine.dispose()
