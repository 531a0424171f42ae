"""The whole record as one file, while the service runs; and back from that file."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO

from sqlalchemy import URL, Engine, delete, inspect, select, text, update
from sqlalchemy.exc import DatabaseError

from service.domain.errors import BackupFailed
from service.store.clock import now
from service.store.migrate import check, is_known, upgrade
from service.store.sqlite_file import copy, damage, keep_aside, opened, path_of
from service.store.tables import JobRow, SchedulerRow, Table


def back_up(engine: Engine, file: Path) -> None:
    """Writes one state of the record to `file`, for `restore`. The service may go on meanwhile."""
    if file.exists():
        raise BackupFailed(f"{file} is there already; name a file that is not.")
    part = file.with_name(f"{file.name}.part")
    try:
        if engine.dialect.name == "sqlite":
            copy(path_of(engine.url), part)
            if found := damage(part):
                raise BackupFailed(f"The record is damaged ({found}): `python -m service doctor` says what to do.")
        else:
            _run("pg_dump", "--format=custom", f"--file={part}", url=engine.url)
        # Before an update is when one wants a backup: `restore` brings it to the schema of then.
        check(engine, may_be_older=True)
        part.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{file} cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def restore(engine: Engine, file: Path, *, replace: bool = False) -> None:
    """Makes the record what it was when `file` was written, in one transaction; another brings it to this schema.

    Not where a scheduler works, nor from a newer schema, and, unless it may `replace` them, not where there are jobs,
    or a damaged file that may have held some; such a file is kept beside it.
    """
    if not file.is_file():
        raise BackupFailed(f"There is no file {file}.")
    is_sqlite = engine.dialect.name == "sqlite"
    damaged = is_sqlite and path_of(engine.url).exists() and damage(path_of(engine.url))
    if damaged and not replace:
        raise BackupFailed(f"The record is damaged ({damaged}): add --replace, and it is kept under another name.")
    try:
        _refuse_what_is_in_use(engine, replace=replace)
    except DatabaseError:
        if not damaged:
            raise
    revision = _revision_in_sqlite(file) if is_sqlite else _revision_in_dump(file)
    if not is_known(revision):
        raise BackupFailed(f"{file} has schema {revision}, which is newer than this Cellsmith: update Cellsmith.")
    try:
        if is_sqlite:
            _restore_file(file, path_of(engine.url), keep=bool(damaged))
        else:
            _restore_dump(file, engine.url)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{file} cannot be restored: {error}") from error
    engine.dispose()
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(update(JobRow).values(restored_at=now()))
        connection.execute(delete(SchedulerRow))  # those that worked when the backup was written


def _refuse_what_is_in_use(engine: Engine, *, replace: bool) -> None:
    if not inspect(engine).has_table(JobRow.__tablename__):
        return
    with engine.connect() as connection:
        if inspect(connection).has_table(SchedulerRow.__tablename__):
            alive = connection.execute(select(SchedulerRow.holder).where(SchedulerRow.until > now())).scalars().first()
            if alive is not None:
                raise BackupFailed(f"The scheduler {alive} works, or did a moment ago: stop the service first.")
        jobs = connection.execute(text("SELECT count(*) FROM jobs")).scalar()
    if jobs and not replace:
        raise BackupFailed(f"The record has {jobs} jobs, which would be lost: back it up, then add --replace.")


def _revision_in_dump(file: Path) -> str:
    """The schema of a dump of PostgreSQL; BackupFailed where it is none."""
    written = _run("pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(file))
    found = re.search(r"^COPY \S*alembic_version .*\n(\w+)$", written, re.MULTILINE)
    if found is None:
        raise BackupFailed(f"{file} is no backup of a record.")
    return found[1]


def _revision_in_sqlite(file: Path) -> str:
    """The schema of a backup; BackupFailed where it is none, or is damaged."""
    try:
        if found := damage(file):
            raise BackupFailed(f"{file} is no backup of a record in SQLite, or is damaged: {found}")
        with opened(file) as connection:
            (revision,) = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"{file} is no backup of a record in SQLite: {error}") from error
    return str(revision)


def _restore_file(source: Path, target: Path, *, keep: bool) -> None:
    """A backup in place of a record; with `keep`, of one that nothing can be copied into, which is kept."""
    if not keep:
        copy(source, target)
        return
    whole = target.with_name(f"{target.name}.part")
    try:
        copy(source, whole)
        keep_aside(target)
        whole.replace(target)
    finally:
        whole.unlink(missing_ok=True)


def _restore_dump(source: Path, url: URL) -> None:
    """A dump in place of a record, in one transaction, which is committed when all of the dump has been read."""
    ours = ", ".join((*Table.metadata.tables, "alembic_version"))  # a dump drops only the tables that it has itself
    begin = f"BEGIN; SET LOCAL client_min_messages = warning; DROP TABLE IF EXISTS {ours}"
    stop = "--set=ON_ERROR_STOP=1"
    psql = _start("psql", "--no-psqlrc", "--quiet", stop, f"--command={begin}", "--file=-", url=url, stdin=PIPE)
    with psql:
        script = ("--clean", "--if-exists", "--no-owner", "--file=-", str(source))
        read = _start("pg_restore", *script, stdout=psql.stdin)
        _, unread = read.communicate()
        _, refused = psql.communicate("" if read.returncode else "COMMIT;")
    if read.returncode or psql.returncode:
        told = " ".join(f"{unread} {refused}".split())
        raise BackupFailed(f"{source} cannot be restored: {told or 'pg_restore or psql was killed'}")


def _run(program: str, *options: str, url: URL | None = None) -> str:
    """What a program of PostgreSQL's own writes; BackupFailed where it fails."""
    process = _start(program, *options, url=url)
    written, told = process.communicate()
    if process.returncode != 0:
        raise BackupFailed(f"{program}: {' '.join(told.split())}")
    return written


def _start(
    program: str, *options: str, url: URL | None = None, stdin: int = DEVNULL, stdout: int | IO[str] | None = PIPE
) -> Popen[str]:
    """A program of PostgreSQL's own, on the database at `url` where it is for one.

    The password is not on its command line, where all may read.
    """
    environment, database = os.environ.copy(), list[str]()
    if url is not None:
        address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        database = [f"--dbname={address}"]
        environment |= {"PGPASSWORD": str(url.password)} if url.password else {}
    command = [program, *database, *options]
    try:
        return Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=PIPE, text=True)
    except FileNotFoundError as error:
        raise BackupFailed(f"{program} is not on this machine: install PostgreSQL's client programs.") from error
