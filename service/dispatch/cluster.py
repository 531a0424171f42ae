"""Ray on several machines: a head beside the scheduler, and workers that join it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from workers.process_tree import machine_bytes

SHARED_MEMORY = "/dev/shm"  # noqa: S108
SHARE_OF_SHARED_MEMORY = 0.9
SHARE_OF_MACHINE = 0.3  # what Ray takes for its objects where nothing is said
LEAST_OF_RAY_BYTES = 80_000_000
LONGEST_WITHOUT_HEAD_S = "20"
"""Then a node ends, to be started again by whoever started it: it cannot join the head that comes after."""

LONGEST_UNTIL_HEAD_S = 60.0


def be_one_of_several() -> None:
    """To be called before Ray is imported, which otherwise keeps to this machine's loopback."""
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "1"


def command(address: str, processors: int, *, head: bool, folder: Path | None = None) -> list[str]:
    """The command line of one node of Ray, which runs until it is ended or has lost its head."""
    host, _, port = address.rpartition(":")
    # Ray's own script, by the interpreter that runs this.
    line = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
    line += [f"--num-cpus={processors}"]
    line += _what_fits_into_shared_memory()
    if folder:
        line += [f"--temp-dir={folder}"]
    if head:
        return [
            *line,
            "--head",
            "--include-dashboard=false",
            f"--port={port}",
            f"--node-ip-address={socket.gethostbyname(host)}",
        ]
    return [*line, f"--address={socket.gethostbyname(host)}:{port}"]


def _what_fits_into_shared_memory() -> list[str]:
    """Where a container has less of it than Ray would take, Ray would keep its objects on the disk instead."""
    try:
        room_bytes = int(SHARE_OF_SHARED_MEMORY * shutil.disk_usage(SHARED_MEMORY).free)
    except OSError:  # not Linux
        return []
    wanted = SHARE_OF_MACHINE * machine_bytes()
    return [f"--object-store-memory={room_bytes}"] if LEAST_OF_RAY_BYTES <= room_bytes < wanted else []


def lead(address: str, processors: int, folder: Path | None) -> subprocess.Popen[bytes]:
    """The head of a Ray, as a process of its own that `ray.init` can join soon after."""
    line = command(address, processors, head=True, folder=folder)
    return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def join(address: str, processors: int) -> NoReturn:
    """Becomes a node of the Ray at `address`, with so many evaluations at once; OSError where nobody answers there."""
    await_head(address)
    line = command(address, processors, head=False)
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", LONGEST_WITHOUT_HEAD_S)
    os.execv(line[0], line)  # noqa: S606  # a fixed command line, and no shell wanted


def await_head(address: str) -> None:
    """Returns when somebody listens there; OSError where nobody does in time, or there is no such host.

    Ray would try as well, and tell of it in twenty lines.
    """
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + LONGEST_UNTIL_HEAD_S
    while True:
        try:
            with socket.create_connection((host, int(port)), timeout=5):
                return
        except socket.gaierror:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def answering(address: str, head: subprocess.Popen[bytes]) -> str:
    """The address as numbers, once the head listens there; RuntimeError where it ends before."""
    host, _, port = address.rpartition(":")
    where = socket.gethostbyname(host), int(port)
    while head.poll() is None:
        try:
            with socket.create_connection(where, timeout=1):
                time.sleep(2.0)  # its other half comes after the one that listens
                return f"{where[0]}:{port}"
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"Ray's head at {address} ended with {head.returncode}.")
