"""Real processes of the service, and what of them is still alive."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(part: str, data_dir: Path, **settings: object) -> subprocess.Popen[bytes]:
    """`python -m service PART` with its data and its log in `data_dir`."""
    environment = os.environ | {"CELLSMITH_DATA_DIR": str(data_dir), "PYTHONPATH": f"{ROOT}:{ROOT / 'client'}"}
    environment |= {f"CELLSMITH_{name.upper()}": str(value) for name, value in settings.items()}
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "service", part], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )


@contextmanager
def running(part: str, data_dir: Path, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """The same, stopped in good order at the end."""
    process = start(part, data_dir, **settings)
    try:
        yield process
    finally:
        stop(process, 30)


def stop(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Asks it to end; it is killed, and the test fails, where it takes longer than so many seconds."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Polls until `condition` holds; fails with `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def wait_for_the_end_of(marker: str, seconds: float) -> None:
    """Returns when nothing is alive that was started with `marker`; fails with the command lines of what is."""
    deadline = time.monotonic() + seconds
    while (alive := alive_with(marker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive == [], f"still running: {alive}"


def alive_with(marker: str) -> list[str]:
    """The command lines of living processes that were started with `marker` in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def holding(file: Path) -> list[int]:
    """The living processes that have `file` open: whoever opened it, and what that has forked since."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # processes end while we look
            if any(_leads_to(file, descriptor) for descriptor in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found


def _leads_to(file: Path, descriptor: Path) -> bool:
    try:
        return descriptor.readlink() == file
    except OSError:
        return False


@contextmanager
def looking(look: Callable[[], None], every_s: float = 0.2) -> Iterator[None]:
    """Calls `look` again and again from a thread of its own, as long as this context lasts."""
    ending = threading.Event()

    def looks() -> None:
        while not ending.wait(every_s):
            look()

    thread = threading.Thread(target=looks)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
