"""Whether this process lives, and whether it can work."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException

from api.dependencies import Reading
from api.schemas.base import Told

router = APIRouter(tags=["health"])


class Health(Told):
    """A process that answers."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
def healthz() -> Health:
    """This process lives."""
    return Health()


@router.get("/readyz")
def readyz(work: Reading) -> Health:
    """The database answers."""
    try:
        with work() as store:
            store.jobs(limit=1)
    except Exception as error:  # whatever it is, this process cannot work
        raise HTTPException(503, "The database does not answer.") from error
    return Health()
