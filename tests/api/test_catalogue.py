"""What there is to choose from."""

from __future__ import annotations

from starlette.testclient import TestClient

from search_space.presets import spaces
from service.ports import UnitOfWork


def test_the_operators_have_a_family_and_a_source(http: TestClient) -> None:
    operators = {operator["name"]: operator for operator in http.get("/v1/operators").json()}
    assert operators["sep_conv_3x3"]["family"] == "separable"
    assert all(operator["source"] and operator["summary"] for operator in operators.values())


def test_every_space_can_be_searched(http: TestClient) -> None:
    for space in http.get("/v1/spaces").json():
        assert space["summary"] == spaces[space["name"]].summary
        assert int(space["size"]) > 1
        response = http.post("/v1/jobs", json={"dataset": "digits", "space": {"preset": space["name"]}})
        assert response.status_code == 201


def test_every_data_set_has_a_shape_and_its_classes(http: TestClient) -> None:
    datasets = {dataset["name"]: dataset for dataset in http.get("/v1/datasets").json()}
    assert datasets["digits"]["input_shape"] == [1, 8, 8]
    assert datasets["digits"]["classes"] == len(datasets["digits"]["class_names"]) == 10
    assert datasets["digits"]["absence"] is None


def test_every_sampler_may_be_named_by_a_job(http: TestClient) -> None:
    for sampler in http.get("/v1/samplers").json():
        response = http.post("/v1/jobs", json={"dataset": "digits", "sampler": {"name": sampler["name"]}})
        assert response.status_code == 201


def test_the_devices_are_those_that_were_measured_on(http: TestClient, work: UnitOfWork) -> None:
    with work() as store:
        store.save_device("local", {"cores": 2})
    assert http.get("/v1/devices").json() == [{"name": "local", "profile": {"cores": 2}}]


def test_the_process_says_that_it_lives(http: TestClient) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}


def test_without_a_scheduler_the_service_is_degraded_and_jobs_wait(http: TestClient, work: UnitOfWork) -> None:
    told = http.get("/readyz").json()
    assert told["status"] == "degraded"
    assert "No scheduler works" in told["detail"]
    assert http.post("/v1/jobs", json={"dataset": "digits"}).json()["state"] == "queued"
    with work() as store:
        store.pulse("a scheduler", 30)
    assert http.get("/readyz").json() == {"status": "ok", "detail": ""}
