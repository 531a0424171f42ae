"""What a route may ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError

from api.schemas.base import LARGEST_ID
from service.ports import UnitOfWork


def _work(request: Request) -> UnitOfWork:
    return cast(UnitOfWork, request.app.state.work)


def _reading(request: Request) -> UnitOfWork:
    return cast(UnitOfWork, request.app.state.reading)


PREFIX = "/v1"


def refuse_stray_parameters(request: Request) -> None:
    """One that a route has not, or all but one of those that it has once, would be passed over in silence."""
    path = request.app.openapi()["paths"][PREFIX + request.scope["route"].path_format]
    parameters = path[request.method.lower()].get("parameters", ())
    known = {each["name"]: each["schema"] for each in parameters if each["in"] == "query"}
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            mistake = "another_format" if name == "format" and "form" in known else "extra_forbidden"
            raise RequestValidationError([{"type": mistake, "loc": ("query", name), "msg": ""}])
        if count > 1 and not _is_list(known[name]):
            raise RequestValidationError([{"type": "repeated", "loc": ("query", name), "msg": ""}])
    for name in (each["name"] for each in parameters if each["in"] == "header"):
        if len(request.headers.getlist(name)) > 1:
            raise RequestValidationError([{"type": "repeated", "loc": ("header", name), "msg": ""}])


def _is_list(schema: Mapping[str, Any]) -> bool:
    return any(kind.get("type") == "array" for kind in (schema, *schema.get("anyOf", ())))


Work = Annotated[UnitOfWork, Depends(_work)]
Reading = Annotated[UnitOfWork, Depends(_reading)]
JobId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The number of a job.")]
TrialNumber = Annotated[int, Path(ge=0, le=LARGEST_ID, description="The number of a trial within its job.")]
Key = Annotated[
    str, Path(pattern=r"^[0-9a-z-]{1,64}$", description="A key of an architecture, or a published name, as nasnet-a.")
]
Cursor = Annotated[int | None, Query(ge=0, le=LARGEST_ID, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=500, description="The most items of the page.")]
