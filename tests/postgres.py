"""A PostgreSQL server of the tests' own, from the binaries of this machine."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SETTINGS = (
    "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=16MB"
)

# For a server that is killed and must lose nothing. With synchronous_commit=off a commit is answered while its log is
# still in the server's own memory. Linux may end a killed write between two of its 4 KB pages, in the middle of one of
# PostgreSQL's 8 KB, which full pages in the log mend. fsync stays off: what is written belongs to the system, which
# the kill of a process does not harm; only the end of the machine would.
KEEPS_ITS_WORD = "-c synchronous_commit=on -c full_page_writes=on"


class NoPostgres(Exception):
    """Why no server can be started here."""


@contextmanager
def postgres_or_skip() -> Iterator[str]:
    """The URL of a server that lives as long as this context; the test is skipped, and says why, where none can be.

    It listens on a socket in its own folder only.
    """
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except NoPostgres as reason:
            pytest.skip(f"no PostgreSQL: {reason}")
        yield server.url


@dataclass
class Server:
    """A PostgreSQL server that can be stopped and started; `control` runs pg_ctl."""

    url: str
    folder: Path
    control: Callable[..., None]
    settings: str = SETTINGS

    def stop(self, mode: str = "fast") -> None:
        """Ends it: every connection is cut. "immediate" is without a farewell to its files."""
        self.control("stop", "-m", mode)

    def start(self) -> None:
        """Starts it on the same data."""
        self.control("start", "-w", "-l", str(self.folder / "log.txt"), "-o", f"{self.settings} -k {self.folder}")

    def kill(self) -> None:
        """Kill -9 of every process of it, first of the postmaster, so that it starts no other."""
        data = self.folder.resolve() / "data"
        postmaster = int((data / "postmaster.pid").read_text().split()[0])
        while found := [each for each in Path("/proc").glob("[0-9]*") if _works_in(data, each)]:
            for process in sorted(found, key=lambda each: int(each.name) != postmaster):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process.name), signal.SIGKILL)
            time.sleep(0.01)
        # Dead, it still looks alive to the next one until init has taken note.
        while Path(f"/proc/{postmaster}").exists():
            time.sleep(0.01)


def _works_in(folder: Path, process: Path) -> bool:
    """Whether it is a process of the server on this folder, and not a dead one."""
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False


@contextmanager
def postgres_server(*, keeps_its_word: bool = False) -> Iterator[Server]:
    """The same as something that can be stopped in between; it must run at the end.

    One that `keeps_its_word` loses nothing when it is killed; others are faster.
    """
    programs = binaries()
    # Not pytest's folder: a socket's path is at most 107 characters, and root's folders are closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="cellsmith-pg-"))
    try:
        user = owner(folder)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", str(folder / "data"), *arguments]
            # Into a file: a server that inherited a pipe would keep it open.
            with (folder / "output.txt").open("ab") as output:
                done = subprocess.run(command, stdout=output, stderr=output, cwd=folder, check=False, **user)
            if done.returncode != 0:
                raise RuntimeError(f"{program} failed: {(folder / 'output.txt').read_text()[-500:]}")

        url = f"postgresql://cellsmith@/postgres?host={folder}"
        server = Server(url, folder, lambda *arguments: run("pg_ctl", *arguments))
        if keeps_its_word:
            server.settings += f" {KEEPS_ITS_WORD}"
        try:
            run("initdb", "--username=cellsmith", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C")
            server.start()
        except RuntimeError as error:
            raise NoPostgres(str(error)) from error
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def binaries() -> Path:
    """The folder of PostgreSQL's programs; NoPostgres where there is none."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise NoPostgres("no initdb on this machine: install PostgreSQL to run these tests")
    return found[-1].parent


def owner(folder: Path) -> dict[str, Any]:
    """What makes a subprocess run as somebody who may run PostgreSQL, which root may not."""
    if os.geteuid() != 0:
        return {}
    names = [entry.pw_name for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody")]
    if not names:
        raise NoPostgres("PostgreSQL does not run as root, and there is no user postgres or nobody")
    entry = pwd.getpwnam(max(names))
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
