"""What a route may ask for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError

from api.schemas.base import LARGEST_ID
from service.ports import UnitOfWork


def _work(request: Request) -> UnitOfWork:
    return cast(UnitOfWork, request.app.state.work)


def _reading(request: Request) -> UnitOfWork:
    return cast(UnitOfWork, request.app.state.reading)


PREFIX = "/v1"


def refuse_unknown_parameters(request: Request) -> None:
    """A parameter that a route has not would be passed over in silence, as a wrongly spelt filter."""
    path = request.app.openapi()["paths"][PREFIX + request.scope["route"].path_format]
    known = [each["name"] for each in path[request.method.lower()].get("parameters", ()) if each["in"] == "query"]
    for name in request.query_params:
        if name not in known:
            raise RequestValidationError([{"type": "extra_forbidden", "loc": ("query", name), "msg": ""}])


Work = Annotated[UnitOfWork, Depends(_work)]
Reading = Annotated[UnitOfWork, Depends(_reading)]
JobId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The number of a job.")]
TrialNumber = Annotated[int, Path(ge=0, le=LARGEST_ID, description="The number of a trial within its job.")]
Key = Annotated[str, Path(pattern=r"^[0-9a-z]{1,64}$", description="The key of an architecture.")]
Cursor = Annotated[int | None, Query(ge=0, le=LARGEST_ID, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="The most items of the page.")]
