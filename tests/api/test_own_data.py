"""Data sets that a user has registered, over HTTP."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from service.ports import UnitOfWork
from tests.api.problems import problem
from tests.recorded import record
from workers.data.register import register

CALM = "calm`\n# <script>\u202eé"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Holds the data set `hums`: 40 spectrograms of 2 classes."""
    monkeypatch.setenv("CELLSMITH_DATA", str(tmp_path))
    x = np.random.default_rng(0).standard_normal((40, 1, 16, 16))
    np.savez(tmp_path / "hums.npz", x=x, y=np.array([CALM, "loud"])[np.arange(40) % 2])
    register("hums", tmp_path, licence="CC0", source="| <b>us</b>")
    return tmp_path


def test_it_is_listed_and_may_be_searched_and_taken_away(http: TestClient, work: UnitOfWork, folder: Path) -> None:
    listed = {dataset["name"]: dataset for dataset in http.get("/v1/datasets").json()}["hums"]
    assert (listed["class_names"], listed["licence"], listed["absence"]) == ([CALM, "loud"], "CC0", None)
    made = http.post("/v1/jobs", json={"dataset": "hums", "budget": {"trials": 6}})
    assert made.status_code == 201
    record(work)
    assert http.get(f"{made.headers['Location']}/front").json()["points"]
    export = http.post(f"{made.headers['Location']}/trials/4/exports")
    assert export.status_code == 200, export.text
    with zipfile.ZipFile(io.BytesIO(export.content)) as archive:
        config, card = json.loads(archive.read("config.json")), archive.read("README.md").decode()
        code = archive.read("model.py").decode("ascii")
    assert (config["class_names"], config["data_licence"]) == ([CALM, "loud"], "CC0")
    assert r"in the order of the outputs: `calm\x60\n# <script>\u202eé`, `loud`." in card
    assert "The data, of licence `CC0` and from `| <b>us</b>`: 40 images of size 16 x 16" in card
    assert "prepared as they were for training: channel by channel less" in card
    assert "\ninputs: channel by channel less " in code
    assert "\nclasses: calm` # <script>\\u202e\\xe9, loud\n" in code
    assert http.get("/v1/best?dataset=hums").json()[0]["job"] == 1


def test_a_job_whose_data_set_is_registered_no_longer_says_so(http: TestClient, work: UnitOfWork, folder: Path) -> None:
    job = http.post("/v1/jobs", json={"dataset": "hums", "budget": {"trials": 6}}).headers["Location"]
    record(work)
    (folder / "hums.dataset.json").unlink()
    assert http.get(job).status_code == 200
    assert "'hums' of job 1 is registered no longer" in problem(http.get(f"{job}/front"), 409)["detail"]
    assert "use one of digits" in problem(http.post("/v1/jobs", json={"dataset": "hums"}), 422)["detail"]


def test_a_job_is_refused_while_the_file_is_away(http: TestClient, folder: Path) -> None:
    (folder / "hums.npz").unlink()
    refused = problem(http.post("/v1/jobs", json={"dataset": "hums"}), 422)
    assert refused["detail"] == "Put hums.npz into the folder named by CELLSMITH_DATA."
