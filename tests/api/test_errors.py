"""Errors that no field is to blame for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import STATUS
from service.domain.errors import NoSpace, ServiceError, Unavailable
from service.domain.job import JobState
from service.ports import Store, UnitOfWork
from tests.api.problems import problem
from tests.builders import job_spec


def test_a_route_that_does_not_exist_is_a_problem(http: TestClient) -> None:
    assert "/v1/nowhere" in problem(http.get("/v1/nowhere"), 404)["detail"]


def test_a_method_that_does_not_apply_is_a_problem(http: TestClient) -> None:
    response = http.delete("/v1/jobs/1")
    assert problem(response, 405)
    assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("jobs/0", "id"),
        ("jobs/first", "id"),
        (f"jobs/{10**30}", "id"),
        ("jobs?limit=0", "limit"),
        ("jobs?cursor=x", "cursor"),
        ("jobs?state=lost", "state"),
        ("jobs/1/front?max_latency_ms=nan", "max_latency_ms"),
        ("jobs/1/front?max_latency_ms=-1", "max_latency_ms"),
        ("architectures/%00", "key"),
        ("architectures/ABC", "key"),
        ("architectures/abc/code?input=x", "input"),
        ("jobs?limit=1&limit=2", "limit"),
        ("best?dataset=digits&dataset=cifar10", "dataset"),
    ],
)
def test_a_parameter_of_the_wrong_kind_is_a_problem_that_names_it(http: TestClient, path: str, parameter: str) -> None:
    refused = problem(http.get(f"/v1/{path}"), 422)
    assert refused["errors"][0]["parameter"] == parameter
    assert refused["detail"].startswith(f"{parameter}: ")


@pytest.mark.parametrize(
    ("path", "parameter", "told"),
    [
        ("best?dataset=mine", "dataset", "use one of digits"),
        ("best?dataset=digits&device=phone", "device", "use one of local"),
        ("architectures/darts-v2/cost?device=phone", "device", "use one of local"),
        ("architectures/darts-v2/code?dataset=mine", "dataset", "use one of digits"),
        ("architectures/darts-v2/code?channels=1", "channels", "from 4 to 4096"),
        ("architectures/darts-v2/code?input=3,8,8&stages=6", "input", "use at least"),
        ("architectures/darts-v2/code?drop_path=1", "drop_path", "below 1"),
        ("architectures/darts-v2/code?input=0,8,8", "input", "channels is a whole number"),
        ("architectures/darts-v2/code?stages=1&auxiliary=true&form=training", "auxiliary", "two stages or more"),
    ],
)
def test_a_value_that_cannot_be_had_is_blamed_on_its_parameter(
    http: TestClient, path: str, parameter: str, told: str
) -> None:
    refused = problem(http.get(f"/v1/{path}"), 422)
    assert [error["parameter"] for error in refused["errors"]] == [parameter]
    assert told in refused["detail"]


def test_a_parameter_that_is_a_list_may_be_repeated(http: TestClient) -> None:
    assert http.get("/v1/jobs?state=queued&state=running").status_code == 200


def test_a_header_that_is_there_twice_is_not_half_ignored(http: TestClient) -> None:
    keys = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    refused = problem(http.post("/v1/jobs", json={"dataset": "digits"}, headers=keys), 422)
    assert refused["detail"] == "idempotency-key: This is there more than once; give it once."
    assert http.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize(("path", "look"), [("X", "20 hexadecimal digits"), ("abc/code?input=x", "3,224,224")])
def test_what_does_not_look_right_is_told_how_it_looks(http: TestClient, path: str, look: str) -> None:
    assert look in problem(http.get(f"/v1/architectures/{path}"), 422)["detail"]


def test_a_mistake_of_ours_is_a_problem_without_a_traceback() -> None:
    def broken() -> AbstractContextManager[Store]:
        raise ZeroDivisionError("secret")

    with TestClient(create_app(broken), raise_server_exceptions=False) as http:
        assert "secret" not in problem(http.get("/v1/jobs"), 500)["detail"]
        problem(http.get("/readyz"), 503)
        assert http.get("/healthz").status_code == 200


def test_who_asked_for_a_change_is_told_to_look_whether_it_was_made(work: UnitOfWork) -> None:
    @contextmanager
    def breaks_once_all_is_written() -> Iterator[Store]:
        with work() as store:
            yield store
        raise ZeroDivisionError

    with work() as store:
        job = store.add_job(job_spec())
    with TestClient(create_app(breaks_once_all_is_written), raise_server_exceptions=False) as http:
        told = problem(http.post(f"/v1/jobs/{job.id}/cancel"), 500)["detail"]
        only_read = problem(http.get(f"/v1/jobs/{job.id}"), 500)["detail"]
    assert told == f"{only_read} It may have been done all the same: look before you ask again."
    with work() as store:
        assert store.job(job.id).state is JobState.CANCELLED


def test_every_refusal_of_the_service_has_a_status() -> None:
    assert set(STATUS) == {*ServiceError.__subclasses__(), *Unavailable.__subclasses__()}


@pytest.mark.parametrize(("refusal", "status"), [(Unavailable("Later."), 503), (NoSpace("The disk is full."), 507)])
def test_a_record_that_cannot_be_written_is_a_problem_of_its_own(refusal: ServiceError, status: int) -> None:
    def broken() -> AbstractContextManager[Store]:
        raise refusal

    with TestClient(create_app(broken), raise_server_exceptions=False) as http:
        assert problem(http.post("/v1/jobs", json={"dataset": "digits"}), status)["detail"] == str(refusal)
