"""Where the cells of a skeleton stand: width, stride, size, and how each prepares its two inputs.

This is the part of a network that does not depend on what is inside its cells, save for how many nodes each gives
out. The rules are those of NASNet's released code (TF-slim), which reproduce its published counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Literal, TypeAlias

from search_space.counting import Size, strided
from search_space.skeleton import Skeleton

CellName: TypeAlias = Literal["normal", "reduction"]


class PreparationKind(StrEnum):
    """How a tensor gets the width and size that its reader wants."""

    UNTOUCHED = "untouched"
    POINTWISE = "pointwise"
    """A 1x1 convolution and batch norm."""
    FACTORIZED = "factorized"
    """A factorised reduction, which halves the size (rounding up) and ends in batch norm."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What stands between a tensor and its reader; `relu` says whether a ReLU comes first."""

    kind: PreparationKind
    relu: bool
    channels_in: int
    channels: int
    size_in: Size

    @property
    def size(self) -> Size:
        """Height and width of what comes out."""
        return strided(self.size_in, 2) if self.kind is PreparationKind.FACTORIZED else self.size_in

    @classmethod
    def between(cls, channels_in: int, size_in: Size, channels: int, size: Size, *, relu: bool) -> Preparation:
        """The least that turns one shape into another: a reduction where sizes differ, else a 1x1 where widths do."""
        if size_in != size:
            return cls(PreparationKind.FACTORIZED, relu, channels_in, channels, size_in)
        if channels_in != channels:
            return cls(PreparationKind.POINTWISE, relu, channels_in, channels, size_in)
        return cls(PreparationKind.UNTOUCHED, False, channels_in, channels, size_in)


@dataclass(frozen=True, slots=True)
class Stem:
    """The first 3x3 convolution, without bias, and its batch norm; no ReLU."""

    channels_in: int
    channels: int
    stride: int
    padding: int
    size_in: Size
    size: Size


@dataclass(frozen=True, slots=True)
class Place:
    """One cell's place. `size_in` is that of both prepared inputs, `size` that of inner nodes and of the result."""

    cell: CellName
    channels: int
    stride: int
    size_in: Size
    older: Preparation
    newest: Preparation

    @property
    def size(self) -> Size:
        return strided(self.size_in, self.stride)

    def width_of(self, node: int) -> int:
        """Channels of a node. Only the older input of the first cell may differ from the cell's own width."""
        return self.older.channels if node == 0 else self.channels

    def stride_from(self, node: int) -> int:
        """The stride of an operator that reads `node`: only the two inputs are still to be reduced."""
        return self.stride if node < 2 else 1

    def size_of(self, node: int) -> Size:
        """Height and width of a node."""
        return self.size_in if node < 2 else self.size

    def join(self, edges: int) -> Preparation:
        """What brings the concatenation of so many edges back to the width of the cell."""
        return Preparation(PreparationKind.POINTWISE, True, edges * self.channels, self.channels, self.size)

    def output(self, node: int) -> Preparation:
        """What stands between a node and the result of the cell."""
        return Preparation.between(self.width_of(node), self.size_of(node), self.channels, self.size, relu=False)


def stem_of(skeleton: Skeleton) -> Stem:
    """The stem of a skeleton."""
    channels, height, width = skeleton.input_shape
    stride, padding = (2, 0) if skeleton.stem == "imagenet" else (1, 1)
    return Stem(channels, skeleton.stem_width, stride, padding, (height, width), skeleton.stem_size)


@lru_cache(maxsize=1024)
def places_of(skeleton: Skeleton, normal_outputs: int, reduction_outputs: int) -> tuple[Place, ...]:
    """The places of all cells, first to last, where cells give out this many concatenated nodes."""
    outputs = {"normal": normal_outputs, "reduction": reduction_outputs}
    shapes = [(skeleton.stem_width, skeleton.stem_size)]
    places = []
    for cell, channels, older, newest in _sequence(skeleton):
        newest_channels, size_in = shapes[newest]
        place = Place(
            cell=cell,
            channels=channels,
            stride=2 if cell == "reduction" else 1,
            size_in=size_in,
            older=(
                # The first cell has nothing older: it reads the newest tensor as it is, whatever its width.
                Preparation(PreparationKind.UNTOUCHED, False, newest_channels, newest_channels, size_in)
                if older == newest
                else Preparation.between(*shapes[older], channels, size_in, relu=True)
            ),
            newest=Preparation(PreparationKind.POINTWISE, True, newest_channels, channels, size_in),
        )
        places.append(place)
        shapes.append((outputs[cell] * channels, place.size))
    return tuple(places)


def _sequence(skeleton: Skeleton) -> Iterator[tuple[CellName, int, int, int]]:
    """For each cell its name and width, and the tensors that it reads as older and newest input."""
    channels = skeleton.channels
    newest = 0
    if skeleton.stem == "imagenet":
        for divisor in (4, 2):
            yield "reduction", channels // divisor, max(newest - 1, 0), newest
            newest += 1
    for index in range(skeleton.stages * skeleton.cells_per_stage):
        older = newest - 1
        if index and index % skeleton.cells_per_stage == 0:
            channels *= 2
            yield "reduction", channels, older, newest
            newest += 1
            if not skeleton.skip_reduction_input:
                older = newest - 1
        yield "normal", channels, max(older, 0), newest
        newest += 1
