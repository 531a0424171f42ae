"""What nobody may ask for: one line says what to do, and nothing is stored."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.api.problems import problem

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"dataset": "imagenet-of-mine"}, "#/dataset"),
        ({"space": {"operators": ["sep_conv_3x3", "sep_conv_9x9"]}}, "#/space/operators"),
        ({"space": {"operators": []}}, "#/space/operators"),
        ({"space": {"preset": "no-such-space"}}, "#/space/preset"),
        ({"space": {"nodes": 0}}, "#/space/nodes"),
        ({"skeleton": {"channels": 0}}, "#/skeleton"),
        ({"training": {"epochs": 0}}, "#/training/epochs"),
        ({"training": {"learning_rate": -1}}, "#/training/learning_rate"),
        ({"objectives": []}, "#/objectives"),
        ({"objectives": [{"metric": "accuracy"}, {"metric": "beauty"}]}, "#/objectives/1/metric"),
        ({"objectives": [{"metric": "params", "limit": -3}]}, "#/objectives/0/limit"),
        ({"sampler": {"name": "oracle"}}, "#/sampler/name"),
        ({"early_stopping": {"name": "never"}}, "#/early_stopping/name"),
        ({"budget": {"trials": 0}}, "#/budget/trials"),
        ({"budget": {"trials": 10**9}}, "#/budget/trials"),
        ({"budget": {"trials": "3"}}, "#/budget/trials"),
        ({"budget": {"trials": True}}, "#/budget/trials"),
        ({"budget": {"trials": 10**40}}, "#/budget/trials"),
        ({"budget": {"trials": 2.5}}, "#/budget/trials"),
        ({"budget": {"seconds": 1e9}}, "#/budget/seconds"),
        ({"budget": {"evaluation_seconds": 0}}, "#/budget/evaluation_seconds"),
        ({"resources": {"memory_mb": 1}}, "#/resources/memory_mb"),
        ({"resources": {"workers": 0}}, "#/resources/workers"),
        ({"seed": -1}, "#/seed"),
        ({"name": "line\nbreak"}, "#/name"),
        ({"unheard_of": 1}, "#/unheard_of"),
        ({"finalists": {"count": 3}}, "#/finalists"),
        ({"references": ["plain"]}, "#/references"),
    ],
)
def test_a_wrong_job_is_refused_with_the_place_of_the_mistake(
    http: TestClient, part: dict[str, Any], pointer: str
) -> None:
    refused = problem(http.post("/v1/jobs", json={"dataset": "digits"} | part), 422)
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert http.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_refused(http: TestClient, number: str) -> None:
    body = '{"dataset": "digits", "budget": {"seconds": ' + number + "}}"
    refused = problem(http.post("/v1/jobs", content=body, headers=JSON), 422)
    assert refused["errors"][0]["pointer"] == "#/budget/seconds"
    assert refused["detail"] == "budget/seconds: Give a finite number."
    assert http.get("/v1/jobs").json()["items"] == []


def test_a_whole_number_is_one_however_it_is_written(http: TestClient) -> None:
    made = http.post("/v1/jobs", content='{"dataset": "digits", "budget": {"trials": 4e1}}', headers=JSON)
    assert made.json()["spec"]["budget"]["trials"] == 40
    too_many = http.post("/v1/jobs", content='{"dataset": "digits", "budget": {"trials": 1e9}}', headers=JSON)
    assert "1 to 100,000 trials" in problem(too_many, 422)["detail"]


def test_an_unknown_operator_is_told_which_there_are(http: TestClient) -> None:
    refused = problem(http.post("/v1/jobs", json={"dataset": "digits", "space": {"operators": ["sep"]}}), 422)
    assert "'sep'" in refused["detail"]
    assert "GET /v1/spaces" in refused["detail"]


@pytest.mark.parametrize("call", ["jobs", "architectures"])
def test_no_body_at_all_is_told_so(http: TestClient, call: str) -> None:
    assert "JSON body" in problem(http.post(f"/v1/{call}"), 422)["detail"]


@pytest.mark.parametrize(
    ("part", "what_to_do"),
    [
        (
            {"dataset": "mine"},
            "Unknown data set 'mine'; use one of digits, fashion_mnist, cifar10, heart_sounds, eeg_eye_state, "
            "adrenalmnist3d.",
        ),
        (
            {"space": {"operators": ["sep_conv_9x9"]}},
            "There is no operator 'sep_conv_9x9' in space 'nasnet'; use sep_conv_5x5, sep_conv_3x3, dil_sep_conv_5x5. "
            "GET /v1/spaces shows those of each space.",
        ),
        ({"space": {"nodes": 0}}, "A cell has 1 to 10 nodes, not 0."),
        ({"skeleton": {"channels": 0}}, "skeleton: channels is a whole number from 4 to 4096, not 0."),
        ({"budget": {"trials": 0}}, "Give a budget of 1 to 100,000 trials."),
        ({"budget": {"trials": 1e9}}, "Give a budget of 1 to 100,000 trials."),
        ({"budget": {"seconds": 1e9}}, "Give a budget of 1 to 2,592,000 seconds."),
        ({"budget": {"trials": "3"}}, "budget/trials: Give a whole number, without quotes."),
        ({"budget": 3}, "budget: Give a JSON object, in braces."),
        ({"seed_with": "nasnet-a"}, "seed_with: Give a list, in brackets."),
        ({"seed_with": {"nasnet-a": 1}}, "seed_with: Give a list, in brackets."),
        ({"objectives": "accuracy"}, "objectives: Give a list, in brackets."),
        ({"space": {"operators": "identity"}}, "space/operators: Give a list, in brackets."),
        ({"budget": {"trails": 3}}, "budget/trails: Unknown field; leave it out."),
        ({"training": {"epochs": 0}}, "training/epochs: Give 1 or more."),
        ({"early_stopping": {"name": "never"}}, "early_stopping/name: Use 'halving' or 'none'."),
        (
            {"budget": {"trials": 1}, "seed_with": ["nasnet-a", "darts-v2"]},
            "Give at most as many cells as the job has trials: 1.",
        ),
        ({"objectives": []}, "Give at least one objective, such as accuracy."),
        ({"objectives": [{"metric": "params"}] * 2}, "Name each metric once."),
        ({"objectives": [{"metric": "params", "limit": 0}]}, "Give a limit above 0, and a finite one."),
    ],
)
def test_a_refusal_says_in_a_line_what_to_do(http: TestClient, part: dict[str, Any], what_to_do: str) -> None:
    refused = problem(http.post("/v1/jobs", json={"dataset": "digits"} | part), 422)
    assert refused["detail"] == what_to_do
    assert http.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize("metric", ["params", "macs"])
def test_a_limit_that_nothing_can_meet_is_refused_with_one_that_can_be_met(http: TestClient, metric: str) -> None:
    def asked(limit: float) -> httpx2.Response:
        return http.post("/v1/jobs", json={"dataset": "digits", "objectives": [{"metric": metric, "limit": limit}]})

    told = problem(asked(1), 422)["detail"]
    assert told.startswith(f"No cell of this space has {metric} of 1 or less; cells reach from ")
    assert http.get("/v1/jobs").json()["items"] == []
    found = re.search(r"give a limit of (\d+) or more", told)
    assert found is not None
    lowest = int(found[1])
    problem(asked(lowest - 1), 422)
    assert asked(lowest).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"\xff\xff", 400),
        (b"[" * 100_000, 400),
        (b"1" * 10_000, 400),
        (b'{"dataset": "\\ud800"}', 422),
        (b'{"\\ud800": 1, "dataset": "digits"}', 422),
        (b'{"dataset": "\\u0000"}', 422),
    ],
)
def test_a_body_that_is_no_job_is_refused(http: TestClient, body: bytes, status: int) -> None:
    problem(http.post("/v1/jobs", content=body, headers=JSON), status)
    assert http.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"seed": }', "The body is not JSON (at character 9)"),
        (b'{"name": "\xff"}', "not in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"seed": ' + b"1" * 5_000 + b"}", "a number of too many digits"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why(http: TestClient, body: bytes, told: str) -> None:
    assert told in problem(http.post("/v1/jobs", content=body, headers=JSON), 400)["detail"]


@pytest.mark.parametrize("call", ["cancel", "pause", "resume", "trials/0/exports"])
def test_what_takes_no_fields_refuses_them(http: TestClient, call: str) -> None:
    http.post("/v1/jobs", json={"dataset": "digits"})
    refused = problem(http.post(f"/v1/jobs/1/{call}", json={"reason": "too slow"}), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["#/reason"]
    problem(http.post(f"/v1/jobs/1/{call}", content=b"{", headers=JSON), 400)
    assert http.get("/v1/jobs/1").json()["state"] == "queued"


def test_an_empty_body_is_as_good_as_none(http: TestClient) -> None:
    http.post("/v1/jobs", json={"dataset": "digits"})
    assert http.post("/v1/jobs/1/pause", json={}).json()["state"] == "paused"
    assert http.post("/v1/jobs/1/resume").json()["state"] == "queued"


def test_a_body_in_another_form_than_json_is_refused(http: TestClient) -> None:
    problem(http.post("/v1/jobs", content=b'{"dataset": "digits"}', headers={"Content-Type": "text/plain"}), 422)


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/1/cancel", "/v1/nowhere"])
def test_a_body_over_one_mebibyte_is_refused_by_every_route(http: TestClient, path: str) -> None:
    problem(http.post(path, content=b" " * (1024 * 1024 + 1), headers=JSON), 413)


def test_a_body_that_hides_its_length_is_refused_too(http: TestClient) -> None:
    chunks = (b" " * 65_536 for _ in range(17))
    problem(http.post("/v1/jobs", content=chunks, headers=JSON), 413)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "name",
    "space",
    "skeleton",
    "training",
    "objectives",
    "sampler",
    "early_stopping",
    "budget",
    "resources",
    "seed",
)
INNER = st.dictionaries(
    st.sampled_from(
        ["preset", "operators", "nodes", "channels", "epochs", "limit", "metric", "name", "lag", "trials", "workers"]
    ),
    VALUES,
    max_size=2,
)
JOBS = st.fixed_dictionaries({"dataset": st.just("digits")}, optional=dict.fromkeys(FIELDS, INNER | VALUES))


@given(body=VALUES | JOBS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_answered_by_a_job_or_by_a_problem(http: TestClient, body: Any) -> None:
    response = http.post("/v1/jobs", content=json.dumps(body).encode(), headers=JSON)
    if response.status_code != 201:
        assert 400 <= response.status_code < 500
        problem(response, response.status_code)
