"""What an architecture costs, from its description alone: parameters, multiply-accumulates, bytes moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from search_space.counting import Cost, batch_norm, convolution, linear, moved, pointwise_norm
from search_space.genotype import Cell
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.places import Place, Preparation, PreparationKind, Stem, places_of, stem_of
from search_space.skeleton import Skeleton

__all__ = ["Cost", "cost"]


def cost(architecture: Architecture) -> Cost:
    """Trainable parameters, and MACs and bytes moved for one sample, of the form that is trained.

    The conventions are those of `search_space.counting`.
    """
    genotype, skeleton = architecture.genotype, architecture.skeleton
    around, prices = _price_list(skeleton, len(genotype.normal.outputs), len(genotype.reduction.outputs))
    parts = [around]
    for name, cell in genotype.cells:
        parts += prices[name].parts(cell)
    return _total(parts)


def _total(parts: Iterable[Cost]) -> Cost:
    params = macs = bytes_moved = 0
    for part in parts:
        params += part.params
        macs += part.macs
        bytes_moved += part.bytes_moved
    return Cost(params, macs, bytes_moved)


class _Prices(dict[Any, Cost]):
    """What a part of a cell costs at all places of that cell together, worked out when it is first asked for."""

    def __init__(self, price: Callable[..., Cost], places: list[Place]) -> None:
        self.price = price
        self.places = places

    def __missing__(self, part: tuple[Any, ...]) -> Cost:
        self[part] = total = _total(self.price(place, *part) for place in self.places)
        return total


class _CellPrices:
    """The prices of edges, nodes and outputs of the normal or of the reduction cell."""

    def __init__(self, places: list[Place]) -> None:
        self.edges = _Prices(_edge, places)
        self.nodes = _Prices(_node, places)
        self.outputs = _Prices(_output, places)

    def parts(self, cell: Cell) -> list[Cost]:
        """One cost for each part. All inner nodes look alike to an operator, so 2 stands for any of them."""
        targets = [edge.target for edge in cell.edges]
        return [
            *[self.edges[edge.operator, min(edge.source, 2)] for edge in cell.edges],
            *[self.nodes[targets.count(node), node in cell.concat] for node in cell.nodes],
            *[self.outputs[min(node, 2),] for node in cell.outputs],
        ]


@lru_cache(maxsize=256)
def _price_list(skeleton: Skeleton, normal_outputs: int, reduction_outputs: int) -> tuple[Cost, dict[str, _CellPrices]]:
    """What everything around the cells' inner parts costs, and the prices of those parts."""
    places = places_of(skeleton, normal_outputs, reduction_outputs)
    last = places[-1]
    features = normal_outputs * last.channels
    around = [
        _stem(stem_of(skeleton)),
        *[_preparation(preparation) for place in places for preparation in (place.older, place.newest)],
        moved(features, last.size, features, (1, 1)),
        linear(features, skeleton.classes),
    ]
    prices = {name: _CellPrices([place for place in places if place.cell == name]) for name in ("normal", "reduction")}
    return _total(around), prices


def _stem(stem: Stem) -> Cost:
    return convolution(stem.channels_in, stem.channels, (3, 3), stem.size_in, stem.size) + batch_norm(stem.channels)


def _preparation(preparation: Preparation) -> Cost:
    match preparation.kind:
        case PreparationKind.UNTOUCHED:
            return Cost()
        case PreparationKind.POINTWISE:
            return pointwise_norm(preparation.channels_in, preparation.channels, preparation.size)
        case PreparationKind.FACTORIZED:
            channels = preparation.channels
            halves = convolution(preparation.channels_in, channels, (1, 1), preparation.size_in, preparation.size)
            return halves + batch_norm(channels)


def _edge(place: Place, operator: str, source: int) -> Cost:
    """The operator, and its node's reading of what it gives."""
    own = OPERATORS[operator].cost(
        place.width_of(source), place.channels, place.size_of(source), place.stride_from(source)
    )
    return own + moved(place.channels, place.size, 0, place.size)


def _node(place: Place, edges: int, joined: bool) -> Cost:
    """The writing of the sum or, where a node concatenates, of the wide tensor, and what makes it narrow again."""
    if not joined:
        return moved(0, place.size, place.channels, place.size)
    join = place.join(edges)
    return moved(0, place.size, join.channels_in, place.size) + _preparation(join)


def _output(place: Place, node: int) -> Cost:
    """The preparation of one output, and the copy of it into the result."""
    return _preparation(place.output(node)) + moved(place.channels, place.size, place.channels, place.size)
