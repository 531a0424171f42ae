"""What can go wrong between this client and the service.

CellsmithError
├── ApiError        the service refused; `detail` says what to do
└── Unreachable     no service answered
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class FieldError(TypedDict, total=False):
    """Where a request was wrong: a `pointer` into the body (`#/budget/trials`), or the name of a `parameter`."""

    pointer: str
    parameter: str
    detail: str


class CellsmithError(Exception):
    """A call that did not give its result."""


class ApiError(CellsmithError):
    """The service refused, with the problem details of RFC 9457."""

    def __init__(self, status: int, title: str, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)


class Unreachable(CellsmithError):
    """Nobody answered at `url`."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"No service answers at {url} ({reason}). Start one with: python -m service")
        self.url = url
