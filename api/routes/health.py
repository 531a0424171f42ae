"""Whether this process lives, and whether it can work."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException

from api.dependencies import Reading
from api.schemas.base import Told

router = APIRouter(tags=["health"])

UNATTENDED = "No scheduler works at the moment: jobs are accepted, and wait for one (python -m service scheduler)."


class Health(Told):
    """A process that answers."""

    status: Literal["ok"] = "ok"


class Readiness(Told):
    """What can be done now. Degraded: reading, and asking for searches, which wait; `detail` says for what."""

    status: Literal["ok", "degraded"] = "ok"
    detail: str = ""


@router.get("/healthz")
def healthz() -> Health:
    """This process lives."""
    return Health()


@router.get("/readyz")
def readyz(work: Reading) -> Readiness:
    """The database answers; degraded where no scheduler works, with its Ray, so that jobs wait."""
    try:
        with work() as store:
            store.jobs(limit=1)
            schedulers = store.schedulers()
    except Exception as error:  # whatever it is, this process cannot work
        raise HTTPException(503, "The database does not answer.") from error
    if not schedulers:
        return Readiness(status="degraded", detail=UNATTENDED)
    return Readiness()
