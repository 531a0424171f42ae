"""Layouts: everything that is built for a genotype in a skeleton, layer by layer, without building it.

The network, the cost model and the exporter all read this, so that they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

from search_space.genotype import Cell, Edge, Genotype
from search_space.places import Place, Preparation, PreparationKind, Stem, places_of, stem_of
from search_space.skeleton import Skeleton


@dataclass(frozen=True, slots=True)
class EdgeLayout:
    """One operator: the node it reads and what it is built for."""

    source: int
    operator: str
    channels_in: int
    channels: int
    stride: int


@dataclass(frozen=True, slots=True)
class NodeLayout:
    """One inner node: the sum of its edges or, where there is a `join`, their concatenation put through it."""

    number: int
    edges: tuple[EdgeLayout, ...]
    join: Preparation | None


@dataclass(frozen=True, slots=True)
class OutputLayout:
    """One of the nodes whose concatenation, in this order, is the result of a cell."""

    node: int
    preparation: Preparation


@dataclass(frozen=True, slots=True)
class CellLayout:
    """A cell at its place: nodes in the order in which they can be computed, then outputs."""

    place: Place
    nodes: tuple[NodeLayout, ...]
    outputs: tuple[OutputLayout, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole network: stem, cells, then ReLU, global average pool and a linear layer, `features` to `classes`."""

    stem: Stem
    cells: tuple[CellLayout, ...]
    features: int
    classes: int


def layout_of(genotype: Genotype, skeleton: Skeleton) -> Layout:
    """What is built for `genotype` in `skeleton`."""
    cells = dict(genotype.cells)
    places = places_of(skeleton, len(genotype.normal.outputs), len(genotype.reduction.outputs))
    return Layout(
        stem=stem_of(skeleton),
        cells=tuple(_cell(cells[place.cell], place) for place in places),
        features=places[-1].channels * len(genotype.normal.outputs),
        classes=skeleton.classes,
    )


def join_of(place: Place, edges: int) -> Preparation:
    """What brings the concatenation of so many edges back to the width of the cell."""
    return Preparation(PreparationKind.POINTWISE, True, edges * place.channels, place.channels, place.size)


def output_of(place: Place, node: int) -> Preparation:
    """What stands between a node and the result of its cell."""
    return Preparation.between(place.width_of(node), place.size_of(node), place.channels, place.size, relu=False)


def _cell(cell: Cell, place: Place) -> CellLayout:
    return CellLayout(
        place=place,
        nodes=tuple(_node(cell, place, number) for number in cell.nodes),
        outputs=tuple(OutputLayout(node, output_of(place, node)) for node in cell.outputs),
    )


def _node(cell: Cell, place: Place, number: int) -> NodeLayout:
    edges = tuple(_edge(edge, place) for edge in cell.edges_into(number))
    return NodeLayout(number, edges, join_of(place, len(edges)) if number in cell.concat else None)


def _edge(edge: Edge, place: Place) -> EdgeLayout:
    source = edge.source
    return EdgeLayout(source, edge.operator, place.width_of(source), place.channels, place.stride_from(source))
