"""A record in SQLite as what it is on the disk: one file, which can be copied, or damaged."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PRIMARY = 0xFF  # of an extended error code, the part that names its kind


def path_of(url: URL) -> Path:
    """The file of a database at `sqlite:///FILE`."""
    return Path(str(url.database))


def damage(file: Path) -> str:
    """What SQLite finds wrong with a database's file, in one line; empty where nothing is. Reads all of it."""
    try:
        with opened(file) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if not tells_damage(error):  # locked, say, or not to be read by this user
            raise
        return str(error)
    return "" if found == "ok" else " ".join(found.split())


def tells_damage(error: BaseException | None) -> bool:
    """Whether SQLite refuses a file for what is in it; False for errors of others."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & PRIMARY in DAMAGED


def copy(source: Path, target: Path) -> None:
    """One state of a database in place of another; whoever reads or writes either waits or sees it whole."""
    with opened(source) as read, opened(target) as write:
        read.backup(write)


def keep_aside(file: Path) -> Path:
    """A free name beside a file, under which it stays when another takes its place; gives that.

    Its journal has the new name alone, and is not taken for that of what comes.
    """
    names = (file.with_name(f"{file.name}.damaged-{number}") for number in range(1, 1_000_000))
    aside = next(name for name in names if not name.exists())
    try:
        aside.hardlink_to(file)
    except OSError:  # not every file system has links
        shutil.copy2(file, aside)
    with contextlib.suppress(FileNotFoundError):
        file.with_name(f"{file.name}-journal").replace(aside.with_name(f"{aside.name}-journal"))
    return aside


@contextlib.contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a database's file, whatever its name."""
    connection = sqlite3.connect(file, timeout=30)
    try:
        yield connection
    finally:
        connection.close()
