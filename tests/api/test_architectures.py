"""Cells by their key."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from search_space.published import published
from tests.api.problems import problem

NASNET = published["nasnet-a"]


@pytest.fixture
def key(http: TestClient) -> str:
    response = http.post("/v1/architectures", json={"genotype": json.loads(NASNET.to_json())})
    assert response.status_code == 201
    assert response.headers["Location"] == f"/v1/architectures/{NASNET.key}"
    return NASNET.key


def test_a_cell_of_ones_own_is_kept_under_its_key(http: TestClient, key: str) -> None:
    known = http.get(f"/v1/architectures/{key}").json()
    assert known["genotype"] == json.loads(NASNET.to_json())
    assert known["tried_in"] == []


def test_the_cost_table_has_the_published_counts(http: TestClient, key: str) -> None:
    cost = http.get(f"/v1/architectures/{key}").json()["cost"]
    assert cost["cifar"] == {"params": 3_346_538, "macs": 544_333_312}


def test_a_cell_that_was_tried_says_where(http: TestClient, searched: dict[str, Any]) -> None:
    trial = http.get("/v1/jobs/1/trials/3").json()
    known = http.get(f"/v1/architectures/{trial['key']}").json()
    assert {"job": 1, "trial": 3} in known["tried_in"]


@pytest.mark.parametrize(
    "query", ["", "?dataset=fashion_mnist", "?form=training", "?input=3,32,32&classes=7&channels=8"]
)
def test_a_cell_can_be_had_as_python_code(http: TestClient, key: str, query: str) -> None:
    response = http.get(f"/v1/architectures/{key}/code{query}")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/x-python")
    ast.parse(response.text)


@pytest.mark.parametrize(
    "query",
    [
        "dataset=mine",
        "input=3,32",
        "input=3,0,8",
        "input=3,0,0",
        "classes=0",
        "channels=0",
        "cells_per_stage=1000",
        "form=onnx",
        "depth=3",
    ],
)
def test_code_for_what_cannot_be_is_refused(http: TestClient, key: str, query: str) -> None:
    problem(http.get(f"/v1/architectures/{key}/code?{query}"), 422)


@pytest.mark.parametrize(
    "genotype",
    [{}, {"normal": 1}, json.loads(NASNET.to_json().replace("sep_conv_5x5", "sep_conv_9x9"))],
)
def test_what_is_no_genotype_is_refused(http: TestClient, genotype: dict[str, Any]) -> None:
    refused = problem(http.post("/v1/architectures", json={"genotype": genotype}), 422)
    assert refused["errors"][0]["pointer"] == "#/genotype"
