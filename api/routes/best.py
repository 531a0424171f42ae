"""The registry of finds: the best networks of all jobs."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Limit, Reading
from api.schemas.base import Label
from api.schemas.best import FindRead
from service.usecases import best

router = APIRouter(prefix="/best", tags=["architectures"])


@router.get("")
def list_best(work: Reading, dataset: Label, device: Label = "local", limit: Limit = 20) -> list[FindRead]:
    """The most accurate networks that any job has found for a data set and a device, with their origin."""
    return [FindRead.of(find) for find in best.best(dataset, device, work, limit)]
