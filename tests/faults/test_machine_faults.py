"""The machine under a running service fails in part: what can go on goes on, and the rest does so afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.service import TRIALS, Service, service
from tests.postgres import NoPostgres, postgres_server
from tests.processes import alive_with, wait_for

pytestmark = pytest.mark.xdist_group("machine")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", folder], check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves no room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return filler


def went_on_undisturbed(running: Service, job: int, before: list[dict[str, object]]) -> None:
    """The job ends, its budget is exact, and what had ended has not changed."""
    wait_for(lambda: running.state(job) == "done", 300, "the search ends")
    after = running.trials(job)
    assert [trial["number"] for trial in after] == list(range(TRIALS))
    assert [after[int(str(trial["number"]))] for trial in before] == before
    assert {trial["state"] for trial in after} <= {"done", "stopped"}


def ended(running: Service, job: int) -> list[dict[str, object]]:
    return [trial for trial in running.trials(job) if trial["state"] != "proposed"]


def test_a_full_disk_refuses_writes_and_is_read_and_work_goes_on_when_there_is_room(small_disk: Path) -> None:
    with service(small_disk) as running:
        job = running.submit()
        wait_for(lambda: running.ended(job) >= 2, 300, "trials")
        filler = fill(small_disk)
        status, refusal = running.ask("/v1/jobs", {"dataset": "digits"})
        assert (status, refusal["title"]) == (507, "Insufficient Storage")
        before = ended(running, job)
        time.sleep(5)  # the scheduler meets it too
        assert ended(running, job) == before, "reads go on"
        assert running.ask("/v1/jobs")[0] == 200
        filler.unlink()
        wait_for(lambda: len(ended(running, job)) > len(before), 30, "work goes on within 30 s")
        assert running.ask(f"/v1/jobs/{running.submit()}/cancel", {})[0] == 200
        went_on_undisturbed(running, job, before)


@pytest.mark.parametrize("part_of_ray", ["raylet/raylet", pytest.param("gcs_server", marks=pytest.mark.long)])
def test_without_ray_jobs_are_read_and_accepted_and_it_comes_back(tmp_path: Path, part_of_ray: str) -> None:
    with service(tmp_path / "data") as running:
        job = running.submit()
        wait_for(lambda: running.ended(job) >= 2, 300, "trials")
        assert running.readiness() == "ok"
        wait_for(lambda: running.ask("/v1/devices")[1] != [], 60, "the machine is measured")
        assert running.ask("/v1/jobs", {"dataset": "digits", "resources": {"cpus": 3}})[0] == 422, "it has 2 workers"
        before = ended(running, job)
        (victim,) = running.processes(part_of_ray)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: running.readiness() == "degraded", 10, "the service says that it is degraded")
        other = running.submit()
        assert ended(running, job)[: len(before)] == before
        wait_for(lambda: running.readiness() == "ok", 60, "Ray is back")
        went_on_undisturbed(running, job, before)
        wait_for(lambda: running.state(other) == "done", 300, "the other job, too")
    wait_for(lambda: not alive_with(str(tmp_path)), 30, "nothing is left running")


def test_a_database_that_is_restarted_is_used_again_and_a_stop_under_load_loses_nothing(tmp_path: Path) -> None:
    try:
        with postgres_server() as server:
            with service(tmp_path / "data", database_url=server.url) as running:
                job = running.submit()
                wait_for(lambda: running.ended(job) >= 2, 300, "trials")
                before = ended(running, job)
                assert f"Cellsmith listens on http://127.0.0.1:{running.port}, data in" in running.log()
                server.stop()
                assert running.ask(f"/v1/jobs/{job}")[0] == 503
                assert running.readiness() == "503"
                time.sleep(3)
                server.start()
                wait_for(lambda: len(ended(running, job)) > len(before), 60, "work goes on")
                stopped_with = ended(running, job)
                asked = time.monotonic()
                running.process.send_signal(signal.SIGTERM)
                assert running.process.wait(60) == 0
                assert time.monotonic() - asked <= 20, "a stop under load takes no longer"
                wait_for(lambda: not alive_with(str(tmp_path / "data")), 10, "nothing is left running")
            with service(tmp_path / "data", database_url=server.url) as running:
                assert ended(running, job)[: len(before)] == before
                went_on_undisturbed(running, job, stopped_with)
    except NoPostgres as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
