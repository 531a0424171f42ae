"""Containers without Docker: processes with an address, process numbers, memory, files and a user of their own.

Made of Linux's namespaces, which need root. What Docker would fetch or install is this machine's: its programs, its
Python and the virtual environment of the tests, in which a container sees no checkout and only the modules it may.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.processes import wait_for

NOBODY = 65534
NETWORK = "10.231.7"
PROGRAMS = ("unshare", "nsenter", "ip", "mount", "setpriv", "curl")

# The first process of a container: it hides what is not the image's, and becomes the command.
BEGIN = r"""
set -e
mount --make-rprivate /
mount -t proc proc /proc
hostname "$1"; image=$2; volume=$3; shm=$4; hosts=$5; python=$6; user=$7; shift 7
mount -t tmpfs -o "size=$shm,mode=1777" tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /srv && mkdir /srv/cellsmith && mount --bind "$image" /srv/cellsmith
mount -t tmpfs -o mode=755 tmpfs /var/lib && mkdir /var/lib/cellsmith && mount --bind "$volume" /var/lib/cellsmith
mount --bind "$hosts" /etc/hosts
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done; shift
# A Python below root's own folder is not seen by other users.
mount -t tmpfs -o mode=755 tmpfs /mnt && mkdir /mnt/python && mount --bind "$python" /mnt/python
case $python in /root/*) mount -t tmpfs -o mode=755 tmpfs /root; mkdir -p "$python"; esac
mount --bind /mnt/python "$python"
mount -t tmpfs -o mode=1777 tmpfs /tmp
cd /srv/cellsmith
exec setpriv --reuid="$user" --regid="$user" --clear-groups "$@"
"""

OF_HOSTS = 'mount --bind "$1" /etc/hosts; shift; exec "$@"'


class NoContainers(Exception):
    """Why there can be none here."""


@dataclass
class Container:
    """One that was started; `output` is what it has written."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def first(self) -> int:
        """Its process 1, by the number that it has outside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        wait_for(lambda: bool(children.read_text()) or self.process.poll() is not None, 10, f"{self.name} begins")
        return int(children.read_text().split()[0])

    def command_lines(self) -> list[str]:
        """Of all its processes."""
        own, found = _numbers(self.first), []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if _numbers(int(process.name)) == own:
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def stop(self, grace_s: float) -> float:
        """As `docker stop`: SIGTERM to process 1; how long it took. AssertionError where it had to be killed."""
        asked = time.monotonic()
        os.kill(self.first, signal.SIGTERM)
        try:
            self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {grace_s:g} s: {self.output[-2000:]}") from None
        return time.monotonic() - asked

    def kill(self) -> None:
        """Kill -9 of process 1, with which all others end."""
        with contextlib.suppress(IndexError, OSError):  # it has ended already
            os.kill(self.first, signal.SIGKILL)
        self.process.wait()


def _numbers(process: int) -> Path:
    return Path(f"/proc/{process}/ns/pid").readlink()


@dataclass
class Containers:
    """Some that are on one network, where each is found by its name."""

    folder: Path
    names: tuple[str, ...]
    started: list[Container] = field(default_factory=list)

    def address(self, name: str) -> str:
        return f"{NETWORK}.{self.names.index(name) + 2}"

    @contextmanager
    def network(self) -> Iterator[None]:
        """As long as this context lasts; whatever runs is killed at its end. NoContainers where that is not allowed."""
        if os.geteuid() != 0 or sys.platform != "linux":
            raise NoContainers("they need Linux, and root")
        if missing := [program for program in PROGRAMS if not shutil.which(program)]:
            raise NoContainers(f"this machine has no {', '.join(missing)}")
        self._hosts = self.folder / "hosts"
        self._hosts.write_text(
            "".join(f"{self.address(name)} {name}\n" for name in self.names) + "127.0.0.1 localhost\n"
        )
        self._holder = subprocess.Popen(["unshare", "--net", "--mount", "sleep", "infinity"])
        try:
            # Before it has namespaces of its own, what is done there would be done to this machine.
            wait_for(self._is_apart, 10, "namespaces of their own")
            steps = ["mount --make-rprivate /", "mount -t tmpfs tmpfs /run", "mkdir /run/netns", "ip link set lo up"]
            steps += [
                "ip link add bridge type bridge",
                f"ip addr add {NETWORK}.1/24 dev bridge",
                "ip link set bridge up",
            ]
            for name in self.names:
                steps += [
                    f"ip netns add {name}",
                    f"ip link add to-{name} type veth peer name eth0 netns {name}",
                    f"ip link set to-{name} master bridge up",
                    f"ip -n {name} addr add {self.address(name)}/24 dev eth0",
                    f"ip -n {name} link set eth0 up",
                    f"ip -n {name} link set lo up",
                ]
            done = self._inside("bash", "-ec", "\n".join(steps))
            if done.returncode != 0:
                raise NoContainers(done.stderr.strip())
            yield
        finally:
            for container in self.started:
                container.kill()
            self._holder.kill()
            self._holder.wait()

    def run(
        self,
        name: str,
        command: Iterable[str],
        environment: Mapping[str, str],
        *,
        image: Path,
        without: Iterable[str] = (),
        shared_memory: str = "64m",
        user: int = NOBODY,
    ) -> Container:
        """Starts `command` as process 1, in `image`; importing any module of `without` is an ImportError there."""
        volume, log = self.folder / f"volume-{name}", self.folder / f"log-{name}"
        volume.mkdir(exist_ok=True)
        os.chown(volume, user, user)
        begin = ["bash", "-c", BEGIN, "begin", name, image, volume, shared_memory, self._hosts, sys.base_prefix, user]
        hidden = [str(part) for pair in self._hidden(without) for part in pair]
        spaces = ["unshare", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--mount"]
        line = [*self._entered(), "ip", "netns", "exec", name, *spaces, *map(str, begin), *hidden, "--", *command]
        with log.open("ab") as output:
            process = subprocess.Popen(line, env=dict(environment), stdout=output, stderr=output)
        self.started.append(Container(name, process, log))
        return self.started[-1]

    def ask(self, name: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of a GET, or of a POST where there is a body, from the network; (0, None) without answer."""
        sends = ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
        url = f"http://{self.address(name)}:8642{path}"
        done = self._inside("curl", "-s", "-m", "30", "-w", "\n%{http_code}", *sends, url)
        text, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(text) if text else None

    def _is_apart(self) -> bool:
        if self._holder.poll() is not None:
            raise NoContainers("namespaces are not allowed here")
        own, its = (Path(f"/proc/{process}/ns") for process in ("self", self._holder.pid))
        return all((own / kind).readlink() != (its / kind).readlink() for kind in ("net", "mnt"))

    def inside(self, name: str, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command with the address of a container, and with this machine's files."""
        line = [*self._entered(), "ip", "netns", "exec", name, "unshare", "--mount", "bash", "-c", OF_HOSTS, "begin"]
        line += [str(self._hosts), *command]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)

    def _entered(self) -> list[str]:
        return ["nsenter", "--target", str(self._holder.pid), "--net", "--mount"]

    def _inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self._entered(), *command], capture_output=True, text=True, check=False)

    def _hidden(self, without: Iterable[str]) -> Iterator[tuple[Path, Path]]:
        """What lies over which file: no checkout is found by the virtual environment, and no module of `without`."""
        nothing, refusal = self.folder / "nothing", self.folder / "refusal"
        nothing.touch()
        refusal.write_text('raise ImportError("this is not in the image")\n')
        site = Path(sysconfig.get_path("purelib"))
        yield from ((nothing, own) for own in site.glob("*cellsmith*.pth"))
        for module in without:
            file = next(path for path in (site / module / "__init__.py", site / f"{module}.py") if path.exists())
            yield refusal, file
