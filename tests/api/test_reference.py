"""The reference page of the routes, and the machine-readable one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "routes.md"


@pytest.fixture
def calls(http: TestClient) -> dict[str, dict[str, Any]]:
    paths = http.get("/openapi.json").json()["paths"]
    return {f"{method.upper()} {path}": call for path, methods in paths.items() for method, call in methods.items()}


def test_every_route_has_a_line_on_the_reference_page_and_every_line_a_route(calls: dict[str, dict[str, Any]]) -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    described = {line.split("`")[1] for line in lines if line.startswith(("| `GET ", "| `POST "))}
    assert described == set(calls)


def test_every_route_says_in_a_sentence_what_it_does_and_how_it_refuses(calls: dict[str, dict[str, Any]]) -> None:
    for name, call in calls.items():
        assert call["description"], name
        assert "application/problem+json" in call["responses"]["default"]["content"], name
        assert "422" not in call["responses"], name


def test_the_epochs_of_a_budget_and_those_of_a_training_are_told_apart(http: TestClient) -> None:
    schemas = http.get("/openapi.json").json()["components"]["schemas"]
    told = {name: schemas[f"{name}Choice"]["properties"]["epochs"]["description"] for name in ("Budget", "Training")}
    assert told["Budget"].startswith("Of all trials together")
    assert told["Training"] == "Epochs of one full training."
