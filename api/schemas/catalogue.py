"""What there is: operators, spaces, data sets, samplers, devices."""

from __future__ import annotations

from typing import Any, Self

from api.schemas.base import Told
from search_space.operators import Operator
from search_space.space import CellSpace
from workers.data.catalogue import Dataset


class OperatorRead(Told):
    """What an edge of a cell may carry."""

    name: str
    family: str
    summary: str
    source: str

    @classmethod
    def of(cls, name: str, operator: Operator) -> Self:
        """An operator of the registry."""
        return cls(name=name, family=operator.family, summary=operator.summary, source=operator.source)


class SpaceRead(Told):
    """A search space. `size` counts its pairs of cells, as text: it is more than a JSON number holds exactly."""

    name: str
    summary: str
    operators: list[str]
    nodes: int
    decisions: int
    size: str

    @classmethod
    def of(cls, name: str, space: CellSpace) -> Self:
        """A space of the presets."""
        return cls(
            name=name,
            summary=space.summary,
            operators=list(space.operators),
            nodes=space.nodes,
            decisions=len(space.decisions),
            size=str(space.size),
        )


class DatasetRead(Told):
    """A registered data set; `absence` says how to get it.

    `input_shape` is channels, height, width; of signals channels, length; of volumes channels, depth, height, width.
    """

    name: str
    task: str
    summary: str
    input_shape: tuple[int, ...]
    classes: int
    class_names: list[str]
    licence: str
    source: str
    absence: str | None

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """A data set of the catalogue, and whether its files are on this machine."""
        return cls(
            name=dataset.name,
            task=dataset.task,
            summary=dataset.summary,
            input_shape=dataset.input_shape,
            classes=dataset.classes,
            class_names=list(dataset.class_names),
            licence=dataset.licence,
            source=dataset.source,
            absence=dataset.absence(),
        )


class SamplerRead(Told):
    """Who proposes."""

    name: str
    summary: str


class DeviceRead(Told):
    """A machine that latency was measured on, with what is known of it."""

    name: str
    profile: dict[str, Any]
