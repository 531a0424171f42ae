"""What there is to choose from."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import Reading
from api.schemas.catalogue import DatasetRead, DeviceRead, OperatorRead, SamplerRead, SpaceRead
from search_space.operators import OPERATORS
from search_space.presets import spaces
from service.domain.samplers import SAMPLERS
from workers.data.registered import datasets

router = APIRouter(tags=["catalogue"])


@router.get("/operators")
def list_operators() -> list[OperatorRead]:
    """The operators, each with its family and source."""
    return [OperatorRead.of(name, operator) for name, operator in OPERATORS.items()]


@router.get("/spaces")
def list_spaces() -> list[SpaceRead]:
    """The named search spaces with their size."""
    return [SpaceRead.of(name, space) for name, space in spaces.items()]


@router.get("/datasets")
def list_datasets() -> list[DatasetRead]:
    """The data sets a job may name."""
    return [DatasetRead.of(dataset) for dataset in datasets().values()]


@router.get("/devices")
def list_devices(work: Reading) -> list[DeviceRead]:
    """The devices that latency was measured on."""
    with work() as store:
        return [DeviceRead(name=name, profile=profile) for name, profile in store.devices().items()]


@router.get("/samplers")
def list_samplers() -> list[SamplerRead]:
    """The samplers a job may name."""
    return [SamplerRead(name=name, summary=summary) for name, summary in SAMPLERS.items()]
