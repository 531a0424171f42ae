"""The front of a job as the HTTP face tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.testclient import TestClient

from service.domain.job import JobState
from service.ports import UnitOfWork
from tests.recorded import FRONT, SEARCH, evaluated, record


def test_a_front_holds_the_trials_that_no_other_beats_fastest_first(http: TestClient, searched: dict[str, Any]) -> None:
    front = http.get("/v1/jobs/1/front").json()
    assert [point["number"] for point in front["points"]] == FRONT
    assert front["knee"] == 3
    assert [point["number"] for point in front["points"] if point["knee"]] == [3]


def test_a_point_has_its_latency_with_an_interval(http: TestClient, searched: dict[str, Any]) -> None:
    point = http.get("/v1/jobs/1/front").json()["points"][0]
    low, high = point["latency_interval_ms"]
    assert low < point["latency_ms"] == 1.0 < high
    assert (point["accuracy"], point["params"], point["macs"], point["device"]) == (0.9, 12_000, 120_000, "local")


def test_the_hypervolume_comes_with_its_reference_point(http: TestClient, searched: dict[str, Any]) -> None:
    volume = http.get("/v1/jobs/1/front").json()["hypervolume"]
    assert set(volume["reference"]) == {"accuracy", "latency_ms"}
    assert volume["value"] > 0


def test_a_front_can_be_asked_for_fast_cells_only(http: TestClient, searched: dict[str, Any]) -> None:
    front = http.get("/v1/jobs/1/front", params={"max_latency_ms": 1.1}).json()
    assert [point["number"] for point in front["points"]] == [0]


def test_a_parameter_that_is_wrongly_spelt_is_refused_not_passed_over(
    http: TestClient, searched: dict[str, Any]
) -> None:
    refused = http.get("/v1/jobs/1/front", params={"max_latency": 1.1})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "max_latency: Unknown parameter; leave it out."


def test_a_limit_is_told_and_kept(http: TestClient, work: UnitOfWork) -> None:
    objectives = [{"metric": "accuracy"}, {"metric": "latency_ms", "limit": 2.0}]
    http.post("/v1/jobs", json={"dataset": "digits", "objectives": objectives})
    record(work)
    front = http.get("/v1/jobs/1/front").json()
    assert front["objectives"][1]["limit"] == 2.0
    assert [point["number"] for point in front["points"]] == [0, 3]


def test_there_is_a_front_while_the_search_goes_on(http: TestClient, work: UnitOfWork) -> None:
    http.post("/v1/jobs", json={"dataset": "digits"})
    assert http.get("/v1/jobs/1/front").json()["points"] == []
    record(work, SEARCH[:1], state=JobState.RUNNING)
    front = http.get("/v1/jobs/1/front").json()
    assert (front["state"], len(front["points"])) == ("running", 1)


def test_a_job_without_a_latency_objective_has_a_front_too(http: TestClient, work: UnitOfWork) -> None:
    http.post("/v1/jobs", json={"dataset": "digits", "objectives": [{"metric": "accuracy"}, {"metric": "params"}]})
    record(work, [evaluated(0.9, 1.0, params=5_000), evaluated(0.9, 0.5, params=9_000)])
    assert [point["number"] for point in http.get("/v1/jobs/1/front").json()["points"]] == [0]


def test_memory_is_told_of_a_point_and_of_the_best(http: TestClient, work: UnitOfWork) -> None:
    objectives = [{"metric": "accuracy"}, {"metric": "params"}, {"metric": "peak_memory_mb"}]
    http.post("/v1/jobs", json={"dataset": "digits", "objectives": objectives})
    record(work, [replace(evaluated(0.9, 1.0), peak_memory_bytes=95_600), evaluated(0.8, 1.0)])
    (point,) = http.get("/v1/jobs/1/front").json()["points"]
    assert point["peak_memory_mb"] == 0.0956
    assert [find["peak_memory_mb"] for find in http.get("/v1/best?dataset=digits").json()] == [0.0956, None]


def test_the_fastest_is_told_that_keeps_the_limits_on_the_front_or_not(http: TestClient, work: UnitOfWork) -> None:
    http.post("/v1/jobs", json={"dataset": "digits", "objectives": [{"metric": "accuracy", "limit": 0.8}]})
    record(work, [evaluated(0.9, 2.0), evaluated(0.85, 1.0), evaluated(0.7, 0.5)])
    for asked, points in (({}, [0]), ({"max_latency_ms": 1.5}, [1]), ({"max_latency_ms": 0.1}, [])):
        front = http.get("/v1/jobs/1/front", params=asked).json()
        assert (front["fastest_ms"], [point["number"] for point in front["points"]]) == (1.0, points)


def test_the_history_of_a_front_has_its_reference(http: TestClient, searched: dict[str, Any]) -> None:
    history = http.get("/v1/jobs/1/front/history").json()
    front = http.get("/v1/jobs/1/front").json()
    assert history["reference"] == front["hypervolume"]["reference"]
    assert history["steps"][-1]["hypervolume"] == front["hypervolume"]["value"]
    assert [step["trials"] for step in history["steps"]] == [1, 4, 5]
    assert http.get("/v1/jobs/9/front/history").status_code == 404


def test_the_best_is_named_also_below_a_latency(http: TestClient, searched: dict[str, Any]) -> None:
    assert http.get("/v1/jobs/1/front").json()["best"] == 4
    assert http.get("/v1/jobs/1/front", params={"max_latency_ms": 1.1}).json()["best"] == 0
    assert http.get("/v1/jobs/1/front", params={"max_latency_ms": 0.1}).json()["best"] is None
