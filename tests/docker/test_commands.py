"""Each service of the compose file, by its command, settings and folders alone, in a container without Docker.

Not what Docker would do first: fetch the base image, install the packages. tests/docker/containers.py says what stands
in for them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.containers import Container, Containers, NoContainers
from tests.docker.test_compose import OURS, ROOT, modules_of_the_compute_image_alone
from tests.faults.service import QUICK_JOB
from tests.postgres import NoPostgres, binaries, owner
from tests.processes import wait_for

pytestmark = [pytest.mark.xdist_group("machine"), pytest.mark.long]
SECRET = "0123456789abcdef" * 4
GRACE_S = 10.0  # Docker's, where the compose file says nothing else
TRIALS = 40


class Composed:
    """The services of docker-compose.yml in containers of ours."""

    def __init__(self, containers: Containers, folder: Path) -> None:
        self._described: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        self._dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
        self._containers = containers
        self._folder = folder

    def run(self, name: str, command: list[str] | None = None) -> Container:
        """Starts a service, or another command in its image."""
        own = self._described[name]
        target = own["build"]["target"]
        settings = {each: str(value).replace(SECRET_OF_COMPOSE, SECRET) for each, value in own["environment"].items()}
        return self._containers.run(
            name,
            command or [*self._entry(), *own["command"]],
            {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp"} | self._set_by_the_image() | settings,
            image=self._image(target),
            without=modules_of_the_compute_image_alone() if target == "api" else (),
            shared_memory=own.get("shm_size", "64m").removesuffix("b"),
        )

    def grace_s(self, name: str) -> float:
        return float(str(self._described[name].get("stop_grace_period", GRACE_S)).removesuffix("s"))

    def _image(self, target: str) -> Path:
        """A folder with what the stages of the Dockerfile copy into it."""
        made = self._folder / f"image-{target}"
        if not made.exists():
            made.mkdir()
            for stage in ("base", target):
                for line in re.findall(r"^COPY (.+) \S+$", self._stage(stage), re.MULTILINE):
                    for source in map(ROOT.joinpath, line.split()):
                        if source.is_dir():
                            ignored = shutil.ignore_patterns("__pycache__")
                            shutil.copytree(source, made / source.name, ignore=ignored)
                        else:
                            shutil.copy(source, made)
        return made

    def _stage(self, name: str) -> str:
        return re.split(rf"^FROM \S+ AS {name}$", self._dockerfile, flags=re.MULTILINE)[1].split("\nFROM ")[0]

    def _entry(self) -> list[str]:
        found = re.search(r'^ENTRYPOINT \["python", (.+)\]$', self._dockerfile, re.MULTILINE)
        assert found
        return [PYTHON, *re.findall(r'"(.+?)"', found[1])]

    def _set_by_the_image(self) -> dict[str, str]:
        told = " ".join(re.findall(r"^ENV (.+)$", self._dockerfile, re.MULTILINE))
        return dict(each.split("=", 1) for each in told.split())


PYTHON = str(ROOT / ".venv" / "bin" / "python")
SECRET_OF_COMPOSE = "${CELLSMITH_SECRET:?set CELLSMITH_SECRET to a secret of your own}"


@pytest.fixture
def containers() -> Iterator[Containers]:
    # Not pytest's folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="cellsmith-containers-") as folder:
        Path(folder).chmod(0o755)
        found = Containers(Path(folder), ("postgres", *OURS))
        try:
            with found.network():
                yield found
                for container in found.started:
                    print(container.name, container.output)  # noqa: T201 - shown where a test fails
        except NoContainers as reason:
            pytest.skip(f"no containers: {reason}")


@pytest.fixture
def composed(containers: Containers) -> Composed:
    """Its PostgreSQL answers to the health check."""
    folder = containers.folder
    volume, image, password = folder / "volume-postgres", folder / "image-postgres", folder / "password"
    try:
        programs = binaries()
        volume.mkdir()
        image.mkdir()
        user = owner(volume)
    except NoPostgres as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    password.write_text(SECRET)
    initdb = [str(programs / "initdb"), "-D", str(volume), "--username=cellsmith", "--auth=scram-sha-256", "--no-sync"]
    subprocess.run([*initdb, f"--pwfile={password}"], check=True, capture_output=True, cwd=folder, **user)
    with (volume / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all scram-sha-256\n")
    listening = ["-D", "/var/lib/cellsmith", "-c", "listen_addresses=*", "-c", "unix_socket_directories=/tmp"]
    server = [str(programs / "postgres"), *listening]
    containers.run("postgres", server, {}, image=image, user=user.get("user", 0))
    there = ["-h", "postgres", "-U", "cellsmith"]
    ready = [str(programs / "pg_isready"), *there]
    wait_for(lambda: containers.inside("postgres", *ready).returncode == 0, 30, "PostgreSQL is ready")
    made = containers.inside("postgres", str(programs / "createdb"), *there, "cellsmith", PGPASSWORD=SECRET)
    assert made.returncode == 0, made.stderr
    return Composed(containers, folder)


def evaluates(part: Container) -> bool:
    return any(line.startswith("ray::") and "train" in line for line in part.command_lines())


def test_the_services_work_together_and_stop_in_time(composed: Composed, containers: Containers) -> None:
    assert composed.run("migrate").process.wait(60) == 0
    api, scheduler = composed.run("api"), composed.run("scheduler")
    wait_for(lambda: containers.ask("api", "/healthz")[0] == 200, 60, "the API answers")
    wait_for(lambda: containers.ask("api", "/readyz")[1]["status"] == "ok", 120, "a scheduler works")
    worker = composed.run("worker")
    job = QUICK_JOB | {"resources": {"workers": 3}, "budget": {"trials": TRIALS, "seconds": 600}}
    status, made = containers.ask("api", "/v1/jobs", job)
    assert status == 201, made
    path = f"/v1/jobs/{made['id']}"
    wait_for(lambda: evaluates(scheduler) and evaluates(worker), 120, "both nodes of Ray at work")
    assert "instead of /dev/shm" not in scheduler.output + worker.output, "objects are kept in memory"
    before = containers.ask("api", f"{path}/trials")[1]["items"]
    scheduler.kill()
    worker.process.wait(60)  # it has lost its head, and both are started again, as `restart: always` says
    scheduler, worker = composed.run("scheduler"), composed.run("worker")
    wait_for(lambda: evaluates(scheduler) and evaluates(worker), 120, "both at work again")
    wait_for(lambda: containers.ask("api", path)[1]["state"] == "done", 300, "the search ends")
    after = containers.ask("api", f"{path}/trials")[1]["items"]
    assert [trial["number"] for trial in after] == list(range(TRIALS))
    assert {trial["state"] for trial in after} <= {"done", "stopped"}
    assert len(before) <= len(after)
    took = {part.name: round(part.stop(composed.grace_s(part.name)), 1) for part in (worker, scheduler, api)}
    print(took)  # noqa: T201


@pytest.mark.parametrize("module", ["torch", "ray", "optuna"])
def test_what_only_evaluations_need_cannot_be_imported_in_the_image_of_the_api(composed: Composed, module: str) -> None:
    tried = composed.run("api", [PYTHON, "-c", f"import {module}"])
    assert tried.process.wait(60) == 1
    assert "this is not in the image" in tried.output
