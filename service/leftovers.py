"""What a killed scheduler left: Ray's helpers, which outlive it for a minute or more, and folders of scratch files.

Only who holds the scheduler's lock may call these, since then no scheduler of that data folder is alive.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "CELLSMITH_SCHEDULER_OF"
MOST_LOOKS = 100
LOOK_SECONDS = 0.1
EMPTY_LOOKS = 4
RAY_FOLDER = "cellsmith-ray-"
TITLE_OF_RAY = b"ray::"
LONGEST_FOLDER = 18  # a socket's name has room for 107 characters, of which Ray takes 65 and RAY_FOLDER 23


def end_leftovers(data_dir: Path) -> int:
    """Kills every process that an earlier scheduler of `data_dir` started; how many there were.

    What this process starts from now on bears the same mark. Without /proc (not Linux) nothing is looked for.
    """
    mark = f"{MARK}={data_dir.resolve()}".encode()
    ray_folder = _ray_folder(data_dir)
    killed: set[int] = set()
    empty = 0
    for _ in range(MOST_LOOKS):
        # One that is being killed may just have started another, which cannot be told while it begins its program:
        # until several looks in a row find none.
        found = set(_left(mark, ray_folder))
        empty = 0 if found else empty + 1
        if empty == EMPTY_LOOKS:
            break
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        killed |= found
        time.sleep(LOOK_SECONDS)
    os.environ[MARK] = str(data_dir.resolve())
    return len(killed)


def _left(mark: bytes, ray_folder: Path | None) -> Iterator[int]:
    """Every other process that has the mark, or is one of Ray's with a file of that folder open.

    Ray's helpers write their titles over their environment, in which the mark may be lost.
    """
    for process in Path("/proc").glob("[0-9]*"):
        # Processes end while we look, and those of other users are closed to us.
        with contextlib.suppress(OSError):
            marked = mark in (process / "environ").read_bytes().split(b"\0")
            if (marked or (ray_folder and _is_of_ray(process, ray_folder))) and int(process.name) != os.getpid():
                yield int(process.name)


def _is_of_ray(process: Path, folder: Path) -> bool:
    if not (process / "cmdline").read_bytes().startswith(TITLE_OF_RAY):
        return False
    for file in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            if file.readlink().is_relative_to(folder):
                return True
    return False


def new_scratch(data_dir: Path) -> tuple[Path, Path]:
    """Two empty folders, for Ray Tune and for Ray; those of an earlier scheduler are gone."""
    remove_scratch(data_dir)
    scratch = _scratch(data_dir)
    scratch.mkdir(parents=True)
    short = tempfile.gettempdir() if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"  # noqa: S108
    ray = Path(tempfile.mkdtemp(prefix=RAY_FOLDER, dir=short))
    (scratch / "ray").symlink_to(ray)  # by which it is found again, whoever dies
    tune = scratch / "tune"
    tune.mkdir()
    return tune, ray


def remove_scratch(data_dir: Path) -> None:
    """Removes what `new_scratch` made, with all that is in it."""
    if ray_folder := _ray_folder(data_dir):
        shutil.rmtree(ray_folder, ignore_errors=True)
    shutil.rmtree(_scratch(data_dir), ignore_errors=True)


def _ray_folder(data_dir: Path) -> Path | None:
    link = _scratch(data_dir) / "ray"
    return link.readlink() if link.is_symlink() and link.readlink().name.startswith(RAY_FOLDER) else None


def _scratch(data_dir: Path) -> Path:
    return data_dir.resolve() / "scratch"
