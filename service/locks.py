"""Who may use a data folder: one service and one scheduler at a time."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from service.domain.errors import CannotStart

SERVICE_LOCK, SCHEDULER_LOCK = "service.lock", "scheduler.lock"


@contextmanager
def only_one(data_dir: Path, lock: str) -> Iterator[None]:
    """One process a data folder holds `lock`: what a killed scheduler held, the next one may take back at once."""
    try:
        opened = (data_dir / lock).open("a")
    except OSError as error:
        raise CannotStart(f"{data_dir} cannot be written ({error.strerror}): set CELLSMITH_DATA_DIR.") from error
    with opened as file:
        _lock(file, fcntl.LOCK_EX)
        yield


def refuse_second(data_dir: Path) -> None:
    """CannotStart where a service or a scheduler runs on this folder; makes nothing."""
    for lock in (SERVICE_LOCK, SCHEDULER_LOCK):
        with contextlib.suppress(OSError), (data_dir / lock).open() as file:
            _lock(file, fcntl.LOCK_SH)


def _lock(file: IO[str], kind: int) -> None:
    """Until `file` is closed; CannotStart where another process has it."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        folder = Path(file.name).parent
        raise CannotStart(
            f"Another service, scheduler or restore uses {folder}: stop it, or set CELLSMITH_DATA_DIR."
        ) from error
