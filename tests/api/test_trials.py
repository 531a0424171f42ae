"""What was tried within a job, and taking it away."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

from starlette.testclient import TestClient

from search_space.genotype import Genotype
from search_space.memory import peak_memory_bytes
from search_space.network import Architecture
from search_space.skeleton import Skeleton
from tests.api.problems import problem
from tests.recorded import FAILED, WEIGHTS


def test_pages_hold_every_trial_once_failures_included(http: TestClient, searched: dict[str, Any]) -> None:
    first = http.get("/v1/jobs/1/trials", params={"limit": 4}).json()
    second = http.get("/v1/jobs/1/trials", params={"limit": 4, "cursor": first["next_cursor"]}).json()
    trials = first["items"] + second["items"]
    assert [trial["number"] for trial in trials] == list(range(6))
    assert [trial["state"] for trial in trials] == ["done", "stopped", "failed", "done", "done", "done"]
    assert second["next_cursor"] is None


def test_a_trial_in_a_list_has_the_figures_of_its_highest_fidelity(http: TestClient, searched: dict[str, Any]) -> None:
    stopped = http.get("/v1/jobs/1/trials").json()["items"][1]["result"]
    assert (stopped["fidelity"], stopped["accuracy"], stopped["latency"]["median_ms"]) == (2, 0.8, 0.5)


def test_a_failed_trial_has_its_class_and_traceback(http: TestClient, searched: dict[str, Any]) -> None:
    (evaluation,) = http.get("/v1/jobs/1/trials/2").json()["evaluations"]
    assert evaluation["result"] is None
    assert evaluation["failure"] == {
        "kind": "diverged",
        "fidelity": 1,
        "message": FAILED.message,
        "traceback": FAILED.traceback,
        "seconds": 0.0,
        "latency": None,
    }


def test_an_export_holds_the_code_the_weights_and_their_story(http: TestClient, searched: dict[str, Any]) -> None:
    response = http.post("/v1/jobs/1/trials/3/exports")
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert set(files) == {"model.py", "weights.safetensors", "config.json", "front.svg", "README.md"}
    assert files["weights.safetensors"] == WEIGHTS["inference"]
    config = json.loads(files["config.json"])
    assert config["accuracy"] == 0.96
    genotype = Genotype.from_json(json.dumps(config["genotype"]))
    memory_mb = peak_memory_bytes(Architecture(genotype, Skeleton(**config["skeleton"]))) / 1e6
    assert config["peak_memory_mb"] == memory_mb
    assert f"| peak memory | {memory_mb:.3g} MB " in files["README.md"].decode()
    picture = files["front.svg"].decode()
    dots = re.findall(r'r="([\d.]+)" fill="(#\w+)"><title>trial (\d): ([\d.]+), ([\d.]+) ms', picture)
    assert sorted(dots, key=lambda dot: dot[2]) == [
        ("3.5", "#356", "0", "0.9000", "1.000"),
        ("6", "#c00", "3", "0.9600", "1.200"),
        ("3.5", "#356", "4", "0.9700", "4.000"),
        ("3.5", "#356", "5", "0.8900", "3.000"),
    ]


def test_a_trial_that_was_not_trained_to_the_end_cannot_be_exported(http: TestClient, searched: dict[str, Any]) -> None:
    for number in (1, 2):
        problem(http.post(f"/v1/jobs/1/trials/{number}/exports"), 409)
