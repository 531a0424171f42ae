"""Cells that come from elsewhere: registered, then evaluated by a job that begins with them."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from search_space.published import published
from service.dispatch.inline import InlineDispatcher
from service.domain.job import JobState
from service.ports import UnitOfWork
from service.store.memory import MemoryUnitOfWork
from tests.api.problems import problem
from tests.fake_evaluations import Evaluate
from tests.fake_evaluations import evaluate as by_table
from tests.fakes import resumed
from workers.data.load import load
from workers.data.splits import split
from workers.evaluate import evaluate as by_training

DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)
NAS_BENCH_201 = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|"
NNI = {
    f"{cell}/{part}_{node}_{operand}": value
    for cell in ("normal", "reduce")
    for node, operand, operator, source in [
        (2, 0, "sep_conv_3x3", 0),
        (2, 1, "max_pool_3x3", 1),
        (3, 0, "dil_conv_5x5", [1]),
        (3, 1, "skip_connect", 2),
    ]
    for part, value in (("op", operator), ("input", source))
}
JOB = {"dataset": "digits", "budget": {"trials": 2}, "training": {"epochs": 1}, "skeleton": {"channels": 4}}


def driven(work: UnitOfWork, evaluate: Evaluate) -> None:
    """Has the oldest waiting job driven to its end, as a scheduler does."""
    with work() as store:
        claimed = store.claim_job("test", 60)
    assert claimed is not None
    InlineDispatcher(evaluate).run(resumed(*claimed, work))
    with work() as store:
        store.release(claimed[1], JobState.DONE, 1.0)


@pytest.mark.parametrize(
    ("genotype", "format"),
    [
        (DARTS, "darts"),
        (NAS_BENCH_201, "nas-bench-201"),
        (NNI, "nni"),
        (NNI, "nni-loose-end"),
        (json.loads(published["amoebanet-a"].to_json()), "cellsmith"),
    ],
)
def test_a_genotype_of_another_tool_is_registered_and_evaluated(
    http: TestClient, work: UnitOfWork, genotype: object, format: str
) -> None:
    made = http.post("/v1/architectures", json={"genotype": genotype, "format": format})
    assert made.status_code == 201
    key = made.json()["key"]
    job = http.post("/v1/jobs", json={**JOB, "seed_with": [key]})
    assert job.status_code == 201
    assert job.json()["spec"]["seed_with"] == [key]
    driven(work, by_table)
    trial = http.get("/v1/jobs/1/trials/0").json()
    assert (trial["key"], trial["state"]) == (key, "done")
    assert http.get(f"/v1/architectures/{key}").json()["tried_in"] == [{"job": 1, "trial": 0}]


def test_what_is_exported_here_and_imported_there_is_the_same_network(http: TestClient, work: UnitOfWork) -> None:
    trained = partial(by_training, data=split(load("digits"), 0).search)
    http.post("/v1/jobs", json={**JOB, "budget": {"trials": 1}})
    driven(work, trained)
    answer = http.post("/v1/jobs/1/trials/0/exports")
    config = json.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("config.json"))
    elsewhere = MemoryUnitOfWork()
    with TestClient(create_app(elsewhere)) as there:
        key = there.post("/v1/architectures", json={"genotype": config}).json()["key"]
        there.post("/v1/jobs", json={**JOB, "budget": {"trials": 1}, "seed_with": [key]})
        driven(elsewhere, trained)
        result: dict[str, Any] = there.get("/v1/jobs/1/trials/0").json()["evaluations"][-1]["result"]
    assert key == config["key"]
    assert (result["accuracy"], result["params"]) == (config["accuracy"], config["params"])


def test_published_cells_need_no_registration_and_unknown_ones_are_refused(http: TestClient) -> None:
    made = http.post("/v1/jobs", json={**JOB, "skeleton": {}, "seed_with": ["nasnet-a"]})
    assert made.json()["spec"]["seed_with"] == [published["nasnet-a"].key]
    refused = problem(http.post("/v1/jobs", json={**JOB, "seed_with": ["nasnet-a", "mine"]}), 422)
    assert refused["errors"][0]["pointer"] == "#/seed_with/1"
    assert "nasnet-a" in refused["detail"]
