"""What every refusal of the HTTP face looks like."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx2


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    """The problem in the body, after a look at what all problems have in common."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["type"], body["title"], body["status"]) == ("about:blank", HTTPStatus(status).phrase, status)
    assert body["detail"]
    assert "\n" not in body["detail"]
    assert "Traceback" not in response.text
    return body
