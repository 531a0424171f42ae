"""The record of a job as CSV and as JSON lines."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.ports import UnitOfWork
from service.usecases import trials
from service.usecases.record import as_csv
from tests.api.problems import problem
from tests.builders import proposal
from tests.recorded import SEARCH
from workers.messages import Evaluated


def test_every_evaluation_is_a_line_of_json(http: TestClient, searched: dict[str, Any]) -> None:
    answer = http.get(f"/v1/jobs/{searched['id']}/record.jsonl")
    assert answer.headers["content-type"] == "application/jsonl"
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["trial"] for row in rows] == list(range(len(SEARCH)))
    for row, report in zip(rows, SEARCH, strict=True):
        if isinstance(report, Evaluated):
            assert (row["accuracy"], row["latency_ms"]) == (report.accuracy, report.latency.median_ms)
            assert row["failure"] is None
        else:
            assert (row["failure"], row["accuracy"]) == (report.failure, None)
        assert row["choices"]


def test_it_is_read_a_few_trials_at_once(
    http: TestClient, searched: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = http.get("/v1/jobs/1/record.jsonl").text
    for few in (1, 2, 5, len(SEARCH)):
        monkeypatch.setattr(trials, "AT_ONCE", few)
        assert http.get("/v1/jobs/1/record.jsonl").text == whole


def test_the_csv_file_says_the_same(http: TestClient, searched: dict[str, Any]) -> None:
    answer = http.get(f"/v1/jobs/{searched['id']}/record.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="job-{searched["id"]}.csv"'
    rows = list(csv.DictReader(answer.text.splitlines()))
    told = [json.loads(line) for line in http.get(f"/v1/jobs/{searched['id']}/record.jsonl").text.splitlines()]
    for row, other in zip(rows, told, strict=True):
        assert json.loads(row.pop("choices")) == other.pop("choices")
        assert row == {name: "" if value is None else str(value) for name, value in other.items()}


def test_a_trial_that_waits_for_its_result_is_a_row(http: TestClient, work: UnitOfWork) -> None:
    id = http.post("/v1/jobs", json={"dataset": "digits"}).json()["id"]
    with work() as store:
        claimed = store.claim_job("a test", 60)
        assert claimed
        store.add_trial(claimed[1], proposal())
    (line,) = http.get(f"/v1/jobs/{id}/record.jsonl").text.splitlines()
    assert (json.loads(line)["state"], json.loads(line)["fidelity"]) == ("proposed", None)


def test_there_is_no_record_of_a_job_that_is_not(http: TestClient) -> None:
    for ending in ("csv", "jsonl"):
        problem(http.get(f"/v1/jobs/7/record.{ending}"), 404)


def test_a_message_is_no_formula() -> None:
    row = {"failure_message": "=HYPERLINK(1)", "choices": {}}
    assert "'=HYPERLINK(1)" in "".join(as_csv([row]))
