"""Cells by their key."""

from __future__ import annotations

import ast
import io
import json
import zipfile
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from search_space.cost import cost
from search_space.network import Architecture
from search_space.published import published
from search_space.regularisation import Auxiliary
from search_space.scripts import ScriptName, script
from search_space.skeleton import Skeleton
from service.ports import UnitOfWork
from tests.api.problems import problem
from tests.recorded import evaluated, record
from workers.device_profile import DeviceProfile

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


@pytest.mark.parametrize("name", published)
def test_a_published_cell_is_known_by_its_name(http: TestClient, name: str) -> None:
    known = http.get(f"/v1/architectures/{name}").json()
    assert known["key"] == published[name].key
    for part in ("code", "cost"):
        grown = http.get(f"/v1/architectures/{name}/{part}?dataset=digits")
        assert grown.status_code == 200
    told = problem(http.get("/v1/architectures/nasnet-z/code"), 404)["detail"]
    assert told.startswith("'nasnet-z' is no key of a cell that was tried or registered, and none of nasnet-a, ")


def test_the_cost_table_has_the_published_counts(http: TestClient, key: str) -> None:
    cost = http.get(f"/v1/architectures/{key}").json()["cost"]
    assert (cost["cifar"]["params"], cost["cifar"]["macs"]) == (3_346_538, 544_333_312)


def test_a_cell_that_was_tried_says_where(http: TestClient, searched: dict[str, Any]) -> None:
    trial = http.get("/v1/jobs/1/trials/3").json()
    known = http.get(f"/v1/architectures/{trial['key']}").json()
    assert {"job": 1, "trial": 3} in known["tried_in"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?dataset=fashion_mnist",
        "?form=training",
        "?input=3,32,32&classes=7&channels=8",
        "?input=22,256",
        "?input=1,9,8,7",
    ],
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
        "input=3",
        "input=1,8,8,8,8",
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
    [7, [], {}, {"normal": 1}, json.loads(NASNET.to_json().replace("sep_conv_5x5", "sep_conv_9x9"))],
)
def test_what_is_no_genotype_is_refused(http: TestClient, genotype: Any) -> None:
    refused = problem(http.post("/v1/architectures", json={"genotype": genotype}), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["#/genotype"]


@pytest.mark.parametrize(
    "query",
    [
        "stages=2&input=3,32,32&form=training&auxiliary=true&drop_path=0.3&dropout=0.2&norm=gn",
        "stem=cifar&stages=1",
        "recursion=2&reversible=true&activation=gelu&initialisation=lsuv&form=training",
        "residual_scale=0.2",
    ],
)
def test_code_grows_as_asked(http: TestClient, key: str, query: str) -> None:
    text = http.get(f"/v1/architectures/{key}/code?{query}").text
    built = next(node for node in ast.parse(text).body if getattr(node, "name", "") == "build_model")
    assert isinstance(built, ast.FunctionDef)
    defaults = map(ast.literal_eval, built.args.defaults)
    taken = dict(zip((argument.arg for argument in built.args.args), defaults, strict=True))
    assert ("auxiliary_weight" in taken) == ("form=training" in query)
    asked = dict(pair.split("=") for pair in query.split("&"))
    assert {name: str(value) for name, value in taken.items() if name in asked} == {
        name: value for name, value in asked.items() if name in ("stages", "dropout", "norm")
    }
    assert " parameters and " in text


def test_a_grown_cell_states_its_cost_and_its_predicted_latency(http: TestClient, work: UnitOfWork) -> None:
    http.post("/v1/jobs", json={"dataset": "digits", "budget": {"trials": 15}})
    record(work, [evaluated(0.9, 1.0 + number / 10) for number in range(15)])
    key = http.get("/v1/jobs/1/trials/0").json()["key"]
    query = "input=3,32,32&channels=24&cells_per_stage=2&head=gem&norm=gn"
    found = http.get(f"/v1/architectures/{key}/cost?{query}").json()
    skeleton = Skeleton((3, 32, 32), 10, 24, 2, norm="gn", head="gem")
    with work() as store:
        expected = cost(Architecture(store.genotype(key), skeleton))
    assert (found["params"], found["macs"]) == (expected.params, expected.macs)
    latency = found["predicted_latency"]
    assert (latency["networks"], latency["extrapolates"]) == (15, True)
    assert latency["interval_ms"][0] <= latency["milliseconds"] <= latency["interval_ms"][1]
    text = http.get(f"/v1/architectures/{key}/code?{query}").text
    assert f"{expected.params:,} parameters" in text
    predicted = f"{latency['milliseconds']:.3g} ms on local, predicted from 15 measured networks"
    assert f"latency of the inference form: {predicted}" in text
    known = DeviceProfile("any", 2, 1, "float32", "any", ms_per_layer=1e-6, macs_per_ms=expected.macs / 1000)
    with work() as store:
        store.save_device("local", asdict(known))
    bounded = http.get(f"/v1/architectures/{key}/cost?{query}").json()["predicted_latency"]
    low, high = bounded["interval_ms"]
    assert bounded["milliseconds"] == pytest.approx(1000) == low <= high
    with work() as store:
        store.save_device("phone", {})
    assert http.get(f"/v1/architectures/{key}/cost?device=phone").json()["predicted_latency"] is None


def test_a_grown_cell_states_what_its_auxiliary_head_adds_in_training(http: TestClient) -> None:
    query = "input=3,32,32&channels=8"
    plain, asked = (
        http.get(f"/v1/architectures/darts-v2/cost?{query}&auxiliary={wish}").json() for wish in ("false", "true")
    )
    network = Architecture(published["darts-v2"], Skeleton((3, 32, 32), 10, 8, auxiliary=Auxiliary())).build()
    counted = sum(parameter.numel() for parameter in network.parameters())
    head = asked["auxiliary"]
    assert asked["params"] + head["params"] == counted
    assert asked | {"auxiliary": None} == plain
    text = " ".join(http.get(f"/v1/architectures/darts-v2/code?{query}&auxiliary=true&form=training").text.split())
    told = f"{head['params']:,} parameters and {head['macs']:,} multiply-accumulates more, in training"
    assert told in text


def test_a_width_that_the_cell_cannot_take_is_refused_with_one_that_it_can(http: TestClient) -> None:
    cell = {"edges": [[0, 2, "smix"], [1, 2, "inc_dw_11"]], "outputs": [2]}
    key = http.post("/v1/architectures", json={"genotype": {"normal": cell, "reduction": cell}}).json()["key"]
    refused = problem(http.get(f"/v1/architectures/{key}/code?input=2,8,8&channels=3"), 422)
    assert "channels is a whole number from 4" in refused["detail"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("auxiliary=true&form=training&stages=3", "5x5 pixels or more"),
        ("input=3,2,2&stages=6", "use at least 17x17, or fewer stages"),
        ("form=onnx", "ONNX, torch.export and 8 bits are written from either by convert.py"),
        ("format=onnx", "ONNX, torch.export and 8 bits are written from either by convert.py"),
        ("input=32x32", "An input is C,H,W, such as 3,224,224; C,L for signals"),
        ("stages=6", "use at least"),
        ("head=flat", "average"),
        ("norm=xn", "bn"),
        ("dropout=1", "less than 1"),
        ("recursion=4", "1 to 3"),
        ("reversible=true&residual_scale=0.5", "use one of the two"),
        ("drop_path=1", "Give a number below 1"),
    ],
)
def test_growth_that_cannot_be_says_what_can(http: TestClient, key: str, query: str, told: str) -> None:
    assert told in problem(http.get(f"/v1/architectures/{key}/code?{query}"), 422)["detail"]


def test_genotypes_of_other_tools_and_whole_configs_are_registered(http: TestClient, key: str) -> None:
    config = {"job": 1, "genotype": json.loads(NASNET.to_json())}
    assert http.post("/v1/architectures", json={"genotype": config}).json()["key"] == key
    text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|"
    asked = {"genotype": text, "format": "nas-bench-201"}
    assert http.post("/v1/architectures", json=asked).status_code == 201
    refused = problem(http.post("/v1/architectures", json={"genotype": text}), 422)
    assert "is an object" in refused["detail"]


def test_the_best_of_all_jobs_come_with_their_origin(http: TestClient, searched: dict[str, Any]) -> None:
    found = http.get("/v1/best?dataset=digits&limit=2").json()
    for find in found:
        low, high = find["accuracy_interval"]
        assert low < find["accuracy"] < high
        low_ms, high_ms = find["latency_interval_ms"]
        assert low_ms <= find["latency_ms"] <= high_ms
        assert find["device"] == "local"
    assert [(find["job"], find["trial"], find["accuracy"]) for find in found] == [(1, 4, 0.97), (1, 3, 0.96)]
    asked = http.get("/v1/jobs/1").json()["spec"]
    assert [(find["skeleton"], find["training"]) for find in found] == [(asked["skeleton"], asked["training"])] * 2
    assert http.get("/v1/best?dataset=fashion_mnist").json() == []
    assert "use one of" in problem(http.get("/v1/best?dataset=mine"), 422)["detail"]


def test_an_export_brings_the_scripts_asked_for(http: TestClient, searched: dict[str, Any]) -> None:
    answer = http.post("/v1/jobs/1/trials/3/exports?scripts=train.py&scripts=convert.py")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert {"train.py", "convert.py", "front.svg"} <= set(archive.namelist())
    ElementTree.fromstring(archive.read("front.svg"))
    assert archive.read("README.md").startswith(b"---\nlibrary_name: pytorch\n")
    assert http.post("/v1/architectures", json={"genotype": json.loads(archive.read("config.json"))}).is_success
    problem(http.post("/v1/jobs/1/trials/3/exports?scripts=evil.py"), 422)
    for asked in ("format=onnx", "form=model.pt2"):
        refused = problem(http.post(f"/v1/jobs/1/trials/3/exports?{asked}"), 422)
        assert "are written from either by convert.py" in refused["detail"]


@pytest.mark.parametrize("name", ["train.py", "convert.py"])
def test_a_script_is_had_without_an_export(http: TestClient, name: ScriptName) -> None:
    answer = http.get(f"/v1/scripts/{name}")
    assert (answer.status_code, answer.text) == (200, script(name))


def test_another_script_than_there_is_is_refused_with_those_that_there_are(http: TestClient) -> None:
    assert "train.py" in problem(http.get("/v1/scripts/evil.py"), 422)["detail"]
