"""What a process of the service makes sure of before it begins: a record that fits, an address that is free."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from service.domain.errors import CannotStart, RecordUnusable
from service.endings import PARENT
from service.settings import Settings
from service.store.engine import connect, told_in_one_line
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.store.sqlite_file import damage, path_of
from workers.data.catalogue import DATA_VARIABLE, data_folder


def open_record(settings: Settings) -> tuple[SqlUnitOfWork, SqlUnitOfWork]:
    """The record at this version's schema, to write and to read alone."""
    try:
        with told_in_one_line():
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            engine = connect(settings.database)
            upgrade(engine)
            if engine.dialect.name == "sqlite" and PARENT not in os.environ:  # else the parent has looked at it
                _refuse_damage(path_of(engine.url))
    except RecordUnusable as error:
        raise CannotStart(
            f"The database cannot be used: {error} (CELLSMITH_DATABASE_URL, CELLSMITH_DATA_DIR)"
        ) from error
    return SqlUnitOfWork(engine), SqlUnitOfWork(engine, read_only=True)


def _refuse_damage(file: Path) -> None:
    if found := damage(file):
        remedy = "`python -m service restore FILE --replace` puts a backup in its place"
        raise CannotStart(f"The record in {file} is damaged ({found}): {remedy}.")


def refuse_absent_data() -> None:
    """CannotStart where the folder of the data sets is set, and is none."""
    folder = data_folder()
    if folder is not None and not folder.is_dir():
        raise CannotStart(f"{folder} is no folder here: set {DATA_VARIABLE} to that of the data sets, or leave it out.")


def refuse_taken_port(host: str, port: int, of_host: str = "CELLSMITH_HOST", of_port: str = "CELLSMITH_PORT") -> None:
    """CannotStart where nobody could listen there, with the setting that helps."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in addresses:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        if getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES):
            raise CannotStart(f"Port {port} on {host} is not free ({reason}): set {of_port}.") from error
        raise CannotStart(f"{host!r} is no address of this machine ({reason}): set {of_host}.") from error
