"""Asking for a search, following it, moving it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.ports import UnitOfWork
from tests.api.problems import problem
from tests.recorded import record


def test_only_a_data_set_is_required_and_the_answer_shows_every_default(http: TestClient) -> None:
    response = http.post("/v1/jobs", json={"dataset": "digits"})
    assert response.status_code == 201
    job = response.json()
    assert response.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert job["state"] == "queued"
    assert job["spec"]["objectives"][1] == {"metric": "latency_ms", "device": "local", "limit": None}
    assert job["spec"]["budget"]["trials"] == job["progress"]["budget"] == 40


def test_what_is_known_beforehand_is_told_with_the_job_and_without_one(http: TestClient) -> None:
    job = {"dataset": "digits", "objectives": [{"metric": "accuracy"}, {"metric": "params", "limit": 50_000}]}
    told = http.post("/v1/jobs/forecast", json=job)
    assert told.status_code == 200
    assert http.get("/v1/jobs").json()["items"] == []
    forecast = told.json()
    assert int(forecast["size"]) > 1e12
    assert [reach["metric"] for reach in forecast["reaches"]] == ["params", "macs", "peak_memory_mb"]
    assert {reach["networks"] for reach in forecast["reaches"]} == {None}
    assert 0 < forecast["keeping"] < forecast["samples"]
    assert (forecast["time"]["basis"], forecast["time"]["seconds"]) == ("unknown", None)
    assert http.post("/v1/jobs", json=job).json()["forecast"] == forecast
    problem(http.post("/v1/jobs/forecast", json={"dataset": "mine"}), 422)


def test_a_job_may_begin_with_the_front_of_another(http: TestClient, searched: dict[str, Any]) -> None:
    front = http.get(f"/v1/jobs/{searched['id']}/front").json()
    best_first = [point["key"] for point in sorted(front["points"], key=lambda point: -point["accuracy"])]
    job = http.post("/v1/jobs", json={"dataset": "digits", "reuse": searched["id"]}).json()
    assert (job["spec"]["reuse"], job["spec"]["seed_with"]) == (searched["id"], best_first)
    again = http.post("/v1/jobs", json=job["spec"]).json()
    assert again["spec"] == job["spec"]
    for wrong in (77, 0, "1"):
        problem(http.post("/v1/jobs", json={"dataset": "digits", "reuse": wrong}), 422)


def test_a_job_submitted_as_it_was_answered_asks_for_the_same(http: TestClient) -> None:
    first = http.post("/v1/jobs", json={"dataset": "digits", "seed": 7, "space": {"nodes": 3}}).json()
    second = http.post("/v1/jobs", json=first["spec"]).json()
    assert second["id"] != first["id"]
    assert second["spec"] == first["spec"]


def test_the_whole_job_of_the_design_is_accepted(http: TestClient) -> None:
    whole = {
        "name": "digits-first",
        "dataset": "digits",
        "space": {"preset": "nasnet", "operators": ["sep_conv_3x3", "identity"], "nodes": 3},
        "skeleton": {"channels": 8, "cells_per_stage": 1},
        "training": {"epochs": 6, "batch_size": 64, "learning_rate": 0.05, "weight_decay": 0.0},
        "objectives": [{"metric": "accuracy"}, {"metric": "latency_ms", "device": "local", "limit": 5.0}],
        "sampler": {"name": "random", "lag": 4},
        "early_stopping": {"name": "none"},
        "budget": {"trials": 12, "seconds": 60},
        "resources": {"workers": 1, "cpus": 1, "gpus": 0},
        "seed": 3,
    }
    job = http.post("/v1/jobs", json=whole).json()
    assert job["spec"]["space"] == whole["space"]
    assert job["spec"]["training"] == whole["training"]
    assert job["name"] == "digits-first"


def test_the_same_key_with_the_same_job_makes_one_job(http: TestClient) -> None:
    key = {"Idempotency-Key": "one"}
    first = http.post("/v1/jobs", json={"dataset": "digits", "seed": 1}, headers=key)
    again = http.post("/v1/jobs", content='{"seed":1,  "dataset":"digits"}',
                      headers=key | {"Content-Type": "application/json"})  # fmt: skip
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert len(http.get("/v1/jobs").json()["items"]) == 1


def test_a_device_of_which_not_all_was_measured_is_no_obstacle(http: TestClient, work: UnitOfWork) -> None:
    with work() as store:
        store.save_device("local", {"cores": 2})
    assert http.post("/v1/jobs", json={"dataset": "digits"}).status_code == 201


def test_a_key_gives_its_job_although_the_same_body_would_be_refused_by_now(http: TestClient, work: UnitOfWork) -> None:
    body = {"dataset": "digits", "objectives": [{"metric": "accuracy"}, {"metric": "latency_ms", "limit": 0.5}]}
    key = {"Idempotency-Key": "one"}
    first = http.post("/v1/jobs", json=body, headers=key).json()
    with work() as store:
        store.save_device(
            "local",
            {
                "processor": "p",
                "cores": 2,
                "threads": 1,
                "precision": "float32",
                "torch": "2",
                "ms_per_layer": 1.0,
                "macs_per_ms": 1e3,
            },
        )
    problem(http.post("/v1/jobs", json=body), 422)
    assert http.post("/v1/jobs", json=body, headers=key).json()["id"] == first["id"]


def test_the_same_key_with_another_job_is_refused(http: TestClient) -> None:
    key = {"Idempotency-Key": "one"}
    http.post("/v1/jobs", json={"dataset": "digits", "seed": 1}, headers=key)
    problem(http.post("/v1/jobs", json={"dataset": "digits", "seed": 2}, headers=key), 422)


def test_pages_hold_every_job_once_newest_first(http: TestClient) -> None:
    made = [http.post("/v1/jobs", json={"dataset": "digits"}).json()["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = http.get("/v1/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [job["id"] for job in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == sorted(made, reverse=True)


def test_jobs_can_be_listed_by_their_state(http: TestClient, searched: dict[str, Any]) -> None:
    waiting = http.post("/v1/jobs", json={"dataset": "digits"}).json()
    listed = http.get("/v1/jobs", params={"state": "queued"}).json()["items"]
    assert [job["id"] for job in listed] == [waiting["id"]]


def test_a_job_tells_how_far_it_is(searched: dict[str, Any]) -> None:
    assert searched["progress"] == {
        "budget": 6,
        "proposed": 6,
        "done": 4,
        "stopped": 1,
        "failed": 1,
        "reused": 0,
        "reused_evaluations": 0,
        "rejected": 0,
        "front": 3,
        "best_accuracy": 0.97,
        "seconds_used": 12.0,
        "seconds_left": 0.0,
    }


@pytest.mark.parametrize(
    ("moves", "state"), [(["pause"], "paused"), (["pause", "resume"], "queued"), (["cancel"], "cancelled")]
)
def test_a_waiting_job_can_be_moved(http: TestClient, moves: list[str], state: str) -> None:
    http.post("/v1/jobs", json={"dataset": "digits"})
    for move in moves:
        response = http.post(f"/v1/jobs/1/{move}")
    assert (response.status_code, response.json()["state"]) == (200, state)
    assert http.get("/v1/jobs/1").json()["state"] == state


@pytest.mark.parametrize(("move", "moved"), [("cancel", "cancelled"), ("pause", "paused"), ("resume", "resumed")])
def test_a_job_that_has_ended_cannot_be_moved(
    http: TestClient, searched: dict[str, Any], move: str, moved: str
) -> None:
    told = problem(http.post(f"/v1/jobs/{searched['id']}/{move}"), 409)["detail"]
    assert told == (
        f"Job 1 is done and cannot be {moved}: its search is over; "
        'what it has found stays, and "reuse": 1 begins a new job with its front.'
    )


def test_a_job_that_cannot_be_moved_so_is_told_how_it_can(http: TestClient) -> None:
    http.post("/v1/jobs", json={"dataset": "digits"})
    told = problem(http.post("/v1/jobs/1/resume"), 409)["detail"]
    assert told == "Job 1 is queued and cannot be resumed: it waits for its turn, and may be paused or cancelled."
    http.post("/v1/jobs/1/pause")
    told = problem(http.post("/v1/jobs/1/pause"), 409)["detail"]
    assert told == "Job 1 is paused and cannot be paused: it rests, and may be resumed or cancelled."


def test_a_job_has_a_priority_and_tells_how_many_late_writes_were_refused(http: TestClient) -> None:
    job = http.post("/v1/jobs", json={"dataset": "digits", "priority": 5}).json()
    assert (job["spec"]["priority"], job["refused"]) == (5, 0)
    problem(http.post("/v1/jobs", json={"dataset": "digits", "priority": 1000}), 422)


def test_what_is_not_there_is_not_found(http: TestClient, work: UnitOfWork) -> None:
    http.post("/v1/jobs", json={"dataset": "digits"})
    record(work, [])
    for path in (
        "jobs/2",
        "jobs/2/trials",
        "jobs/2/front",
        "jobs/1/trials/0",
        "architectures/00",
        "architectures/00/code",
    ):
        problem(http.get(f"/v1/{path}"), 404)
    for path in ("jobs/2/cancel", "jobs/1/trials/0/exports"):
        problem(http.post(f"/v1/{path}"), 404)
