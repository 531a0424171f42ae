"""Every error as `application/problem+json` (RFC 9457): what is refused, and which status that is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service.domain.errors import (
    Conflict,
    Invalid,
    KeyReused,
    LeaseLost,
    NoSpace,
    NotFound,
    ServiceError,
    TooFewResources,
    Unavailable,
)

STATUS: Mapping[type[ServiceError], int] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    KeyReused: 422,
    LeaseLost: 409,
    TooFewResources: 422,
    Unavailable: 503,
    NoSpace: 507,
}

WHAT_TO_DO = {
    "missing": "This is required; add it.",
    "extra_forbidden": "Unknown field; leave it out.",
    "string_pattern_mismatch": "Leave out control characters, such as line breaks.",
    "string_too_long": "Use at most {max_length} characters.",
    "string_too_short": "Use at least {min_length} characters.",
    "string_type": "Give a text in quotes.",
    "int_type": "Give a whole number, without quotes.",
    "int_from_float": "Give a whole number, without quotes.",
    "int_parsing": "Give a whole number.",
    "int_parsing_size": "Give a smaller whole number.",
    "float_type": "Give a number, without quotes.",
    "float_parsing": "Give a number.",
    "finite_number": "Give a finite number.",
    "greater_than": "Give a number above {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than": "Give a number below {lt}.",
    "less_than_equal": "Give {le} or less.",
    "literal_error": "Use {expected}.",
    "enum": "Use {expected}.",
    "list_type": "Give a list, in brackets.",
    "model_attributes_type": "Give a JSON object, in braces.",
}
"""What pydantic finds wrong, by its name for the mistake, in the words of whoever would mend it."""

NO_BODY = "A JSON body is required; GET /openapi.json shows what it holds."
NO_OBJECT = "Send a JSON object, as application/json."

LOOKS = {
    "key": "A key is 20 hexadecimal digits, as a front shows it, or a published name, such as nasnet-a.",
    "input": "An input is C,H,W, such as 3,224,224; C,L for signals, C,D,H,W for volumes.",
}
"""What a parameter looks like, where its pattern is not met."""

ELSEWHERE = {
    "form": " ONNX, torch.export and 8 bits are written from either by convert.py: GET /v1/scripts/convert.py."
}
"""What is said of a parameter besides the values it takes."""

OF_PARAMETERS = {
    "another_format": f"Code is Python; form says whether it is for training or inference.{ELSEWHERE['form']}",
    "extra_forbidden": "Unknown parameter; leave it out.",
    "repeated": "This is there more than once; give it once.",
}

MEDIA_TYPE = "application/problem+json"

PROBLEM_SCHEMA = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "The name of the status."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One line that says what to do."},
        "errors": {
            "type": "array",
            "description": "Where the request is wrong: a pointer into its body, or the name of a parameter.",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "parameter": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"description": "Refused.", "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}
}


def problem(
    status: int, detail: str, errors: Sequence[Mapping[str, str]] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a request that is refused."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": " ".join(detail.split()),
        "errors": list(errors),
    }
    # json.dumps escapes what is not ASCII: a lone surrogate that came in would not survive UTF-8
    return Response(json.dumps(body), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes `app` answer every error in this one way."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)


def _service_error(request: Request, error: Exception) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if isinstance(error, Invalid):
        # What only reads has no body: whatever is wrong with it stands in its query.
        reads = request.method in ("GET", "HEAD")
        place = {"parameter": error.field} if reads else {"pointer": _pointer(error.field.split("."))}
        return problem(status, str(error), [place | {"detail": str(error)}])
    return problem(status, str(error))


def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field_error(found) for found in error.errors()]
    first = errors[0]
    place = first.get("pointer", first.get("parameter", "")).removeprefix("#/")
    told = first["detail"] if place == "#" else f"{place}: {first['detail']}"
    more = f" ({len(errors) - 1} more in errors)" if len(errors) > 1 else ""
    # What is no JSON cannot be read at all; else one field or more are wrong.
    unreadable = any(found["type"] == "json_invalid" for found in error.errors())
    return problem(400 if unreadable else 422, told + more, errors)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == 404:
        detail = f"There is no {request.url.path}; GET /openapi.json lists what there is."
    elif error.status_code == 405:
        detail = f"{request.method} does not apply to {request.url.path}; GET /openapi.json lists what does."
    elif error.status_code == 400:
        detail = _unreadable(error.__cause__)
    return problem(error.status_code, detail, headers=error.headers)


def _unreadable(cause: BaseException | None) -> str:
    """Why a body that may be JSON was not read."""
    match cause:
        case RecursionError():
            return "The body is nested too deeply for anything that is asked for here."
        case UnicodeDecodeError():
            return "The body is not in UTF-8; send JSON in UTF-8."
        case ValueError():  # as Python says it of a number of more than 4,300 digits
            return "The body holds a number of too many digits; give a smaller one."
    return "The body cannot be read; send JSON in UTF-8."


def _bug(request: Request, _: Exception) -> Response:
    told = "Something went wrong on our side, and is in the log of the service."
    if request.method not in ("GET", "HEAD"):
        told += " It may have been done all the same: look before you ask again."
    return problem(500, told)


def _field_error(found: Mapping[str, Any]) -> dict[str, str]:
    where, *path = found["loc"]
    if found["type"] == "json_invalid":
        return {"pointer": "#", "detail": f"The body is not JSON (at character {path[0]}): {found['ctx']['error']}."}
    detail = WHAT_TO_DO.get(found["type"], f"{found['msg']}.").format_map(found.get("ctx", {}))
    if where == "body":
        if not path:
            detail = NO_BODY if found["type"] == "missing" else NO_OBJECT
        return {"pointer": _pointer(path), "detail": detail}
    parameter = str(path[0])
    detail = OF_PARAMETERS.get(found["type"], detail)
    if found["type"] == "string_pattern_mismatch":
        detail = LOOKS.get(parameter, detail)
    if found["type"] == "literal_error":
        detail += ELSEWHERE.get(parameter, "")
    return {"parameter": parameter, "detail": detail}


def _pointer(path: Sequence[object]) -> str:
    """A JSON pointer (RFC 6901) into the body, as a URI fragment."""
    return "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
