"""Where the cells of a skeleton stand: width, stride, size, and how each prepares its two inputs.

This is the part of a network that does not depend on what is inside its cells, save for which inputs they read and
how many nodes they give out. The rules are those of NASNet's released code (TF-slim), with the choices that a
skeleton has; they reproduce the published counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Literal, NamedTuple, TypeAlias

from search_space.counting import Size, strided
from search_space.genotype import Cell
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
    def least(cls, channels_in: int, channels: int, size_in: Size, *, halves: bool, relu: bool) -> Preparation:
        """A reduction where it `halves`, of one pixel as well, else a 1x1 convolution where widths differ."""
        if halves:
            return cls(PreparationKind.FACTORIZED, relu, channels_in, channels, size_in)
        if channels_in != channels:
            return cls(PreparationKind.POINTWISE, relu, channels_in, channels, size_in)
        return cls(PreparationKind.UNTOUCHED, False, channels_in, channels, size_in)


@dataclass(frozen=True, slots=True)
class StemConvolution:
    """One 3x3 convolution of a stem, without bias, and its batch norm."""

    channels_in: int
    channels: int
    size_in: Size
    size: Size


@dataclass(frozen=True, slots=True)
class Place:
    """One cell's place. `size_in` is that of both prepared inputs, `size` that of inner nodes and of the result.

    `ends_stage` is the stage, from 0 on, whose last cell this is. The cell runs `turns` times there; `sums` says how
    often an input that is led around it is added. With `half_instance_norm`, half of the norm of its newest input's
    first unit reads what it normalises.
    """

    cell: CellName
    channels: int
    stride: int
    size_in: Size
    ends_stage: int | None
    older: Preparation
    newest: tuple[Preparation, ...]
    turns: int = 1
    sums: int = 0
    half_instance_norm: bool = False

    @property
    def size(self) -> Size:
        return strided(self.size_in, self.stride)

    def width_of(self, node: int) -> int:
        """Channels of a node. Only the older input of the first cell may differ from the cell's own width."""
        return self.older.channels if node == 0 else self.channels

    @property
    def copied_inputs(self) -> int:
        """How many of the inputs, from the newest on, an identity gives as they are."""
        return 0 if self.stride == 2 else 1 if self.older.channels != self.channels else 2

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
        halves = self.stride_from(node) == 2
        return Preparation.least(self.width_of(node), self.channels, self.size_of(node), halves=halves, relu=False)


class _Between(NamedTuple):
    """A tensor between two cells. One pixel halved is one pixel, so how often it was halved is told apart."""

    channels: int
    size: Size
    halvings: int


class Face(NamedTuple):
    """All that the network around a cell sees of it: which inputs it reads, how many nodes it gives out."""

    reads: tuple[int, ...]
    outputs: int

    @classmethod
    def of(cls, cell: Cell) -> Face:
        """The face of a cell."""
        return cls(cell.inputs, len(cell.outputs))


def stem_of(skeleton: Skeleton, normal: Face, reduction: Face) -> tuple[StemConvolution, ...]:
    """The convolutions of a skeleton's stem that are built, first to last: those whose result a cell reads."""
    stem = _stem(skeleton)
    read = _read(list(_sequence(skeleton)), {"normal": normal, "reduction": reduction})
    return stem if len(stem) == 1 or 1 in read else stem[:-1]


def _stem(skeleton: Skeleton) -> tuple[StemConvolution, ...]:
    channels, width = skeleton.input_shape[0], skeleton.stem_width
    if skeleton.stem != "imagenet-darts":
        return (StemConvolution(channels, width, skeleton.size, skeleton.stem_size),)
    sizes = [strided(skeleton.size, 2**halvings) for halvings in range(4)]
    return (
        StemConvolution(channels, width // 2, sizes[0], sizes[1]),
        StemConvolution(width // 2, width, sizes[1], sizes[2]),
        StemConvolution(width, width, sizes[2], sizes[3]),
    )


@lru_cache(maxsize=1024)
def places_of(skeleton: Skeleton, normal: Face, reduction: Face) -> tuple[Place, ...]:
    """The places of all cells that are built, first to last.

    A cell whose result no later cell reads is not built: where cells read only their older input, half of them.
    """
    faces = {"normal": normal, "reduction": reduction}
    stem = _stem(skeleton)
    # Two of the stem, which are mostly one and the same, then one of each cell.
    tensors = [_Between(part.channels, part.size, halvings) for halvings, part in enumerate(stem[-2:])]
    tensors = tensors if len(stem) > 1 else tensors * 2
    ends = _stage_ends(skeleton)
    last_with_instance_norm = max((n for n, stage in ends.items() if stage < skeleton.instance_norm_stages), default=-1)
    places: list[Place] = []
    for cell, channels, older in _sequence(skeleton):
        newest_channels, size_in, halvings = newest = tensors[-1]
        width = faces[cell].outputs * channels
        keeps_shape = cell == "normal" and 1 in normal.reads and newest_channels == width
        place = Place(
            cell=cell,
            channels=channels,
            stride=2 if cell == "reduction" else 1,
            size_in=size_in,
            ends_stage=ends.get(len(places)),
            older=_older(skeleton, tensors[older], newest, channels, first=not places),
            newest=tuple(
                Preparation(PreparationKind.POINTWISE, True, channels if unit else newest_channels, channels, size_in)
                for unit in range(skeleton.newest_units)
            ),
            turns=(turns := skeleton.recursion if keeps_shape else 1),
            sums=turns * (keeps_shape and skeleton.residual_scale is not None)
            + (keeps_shape and tensors[older] == newest and skeleton.reversible),
            half_instance_norm=skeleton.norm == "ibn_a" and len(places) <= last_with_instance_norm,
        )
        places.append(place)
        tensors.append(_Between(width, place.size, halvings + place.stride - 1))
    read = _read(list(_sequence(skeleton)), faces)
    return tuple(place for number, place in enumerate(places, start=2) if number in read)


def _stage_ends(skeleton: Skeleton) -> dict[int, int]:
    """The stage that a cell ends, from 0 on, by the number of the cell."""
    reductions = skeleton.reductions - skeleton.stages + 1
    totals = accumulate(1 + normal_cells for normal_cells in skeleton.normal_cells)
    return {reductions + total - 2: stage for stage, total in enumerate(totals)}


def _older(skeleton: Skeleton, older: _Between, newest: _Between, channels: int, *, first: bool) -> Preparation:
    width, size, _ = older
    halves = older.halvings < newest.halvings
    if first and skeleton.older_input == "raw-first" and not halves:
        return Preparation(PreparationKind.UNTOUCHED, False, width, width, size)
    if skeleton.older_input == "prepared" and not halves:
        return Preparation(PreparationKind.POINTWISE, True, width, channels, size)
    return Preparation.least(width, channels, size, halves=halves, relu=True)


def _sequence(skeleton: Skeleton) -> Iterator[tuple[CellName, int, int]]:
    """For each cell its name and width, and the number of the tensor that it reads as its older input.

    Cell i gives tensor i + 2; its newest input is tensor i + 1.
    """
    cells: list[tuple[CellName, int, bool]] = []
    if skeleton.stem == "imagenet":
        cells += [("reduction", skeleton.channels // divisor, False) for divisor in (4, 2)]
    for stage, normal_cells in enumerate(skeleton.normal_cells):
        channels = skeleton.channels * 2**stage
        if stage:
            cells.append(("reduction", channels, skeleton.skip_reduction_input))
        cells += [("normal", channels, False)] * normal_cells
    after_skipped = False
    for number, (cell, channels, skipped) in enumerate(cells):
        yield cell, channels, number - after_skipped
        after_skipped = skipped


def _read(sequence: list[tuple[CellName, int, int]], faces: dict[str, Face]) -> set[int]:
    """The numbers of the tensors that the result depends on."""
    read = {len(sequence) + 1}
    for number, (cell, _, older) in reversed(list(enumerate(sequence))):
        if number + 2 in read:
            inputs = (older, number + 1)
            read.update(inputs[node] for node in faces[cell].reads)
    return read
