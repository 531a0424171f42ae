"""What an architecture costs, from its description alone: parameters, multiply-accumulates, bytes moved."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from search_space.counting import (
    Cost,
    Size,
    batch_norm,
    convolution,
    layer_norm,
    linear,
    moved,
    pointwise_norm,
    weights,
)
from search_space.genotype import Cell
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.places import Face, Place, Preparation, PreparationKind, places_of, stem_of
from search_space.simplify import COPIES
from search_space.skeleton import Skeleton

__all__ = ["Cost", "auxiliary_cost", "cost"]


def cost(architecture: Architecture) -> Cost:
    """Trainable parameters, and MACs and bytes moved for one sample; parameters and MACs of the inference form as well.

    The conventions are those of `search_space.counting`.
    """
    genotype, skeleton = architecture.genotype, architecture.skeleton
    normal, reduction = Face.of(genotype.normal), Face.of(genotype.reduction)
    around, of_normal, of_reduction = _price_list(skeleton, normal, reduction)
    parts = [around, *of_normal.parts(genotype.normal, normal), *of_reduction.parts(genotype.reduction, reduction)]
    return Cost(*map(sum, zip(*parts, strict=True)))


_Numbers: TypeAlias = tuple[int, int, int, int, int, int]


def _numbers(cost: Cost) -> _Numbers:
    """The numbers of a cost in their order, which add up faster than the cost itself; for its norms, as they are."""
    return (
        cost.params,
        cost.macs,
        cost.bytes_moved,
        cost.norm_params,
        cost.inference_params,
        cost.inference_macs,
    )


def _total(parts: Iterable[Cost]) -> Cost:
    return sum(parts, Cost())


class _Prices(dict[tuple[Any, ...], _Numbers]):
    """What a part of a cell costs at all places of that cell together, worked out when it is first asked for."""

    def __init__(self, price: Callable[..., Cost], places: list[Place], folds: bool) -> None:
        self.price = price
        self.places = places
        self.folds = folds

    def __missing__(self, part: tuple[Any, ...]) -> _Numbers:
        prices = ((self.price(place, *part), place.turns) for place in self.places)
        once = ((price if self.folds else price.with_unfolded_norms(), turns) for price, turns in prices)
        self[part] = total = _numbers(_total(price.times(turns) for price, turns in once))
        return total


class _CellPrices:
    """The prices of the ends, the edges and the nodes of the normal or of the reduction cell.

    Its ends, and its nodes, are few enough in kind to have one price together.
    """

    def __init__(self, places: list[Place], folds: bool) -> None:
        self.ends = _Prices(_ends, places, folds)
        self.edges = _Prices(_edge, places, folds)
        self.nodes = _Prices(_nodes, places, folds)
        self.copies = _Prices(_copies, places, folds)

    def parts(self, cell: Cell, face: Face) -> list[_Numbers]:
        """What they cost. All inner nodes look alike to an operator, so 2 stands for any of them."""
        edges, outputs, concat = self.edges, cell.outputs, cell.concat
        targets = [target for _, target, _ in cell.edges]
        parts = [
            self.ends[face, 0 in outputs, 1 in outputs],
            self.nodes[tuple(sorted([(targets.count(node), node in concat) for node in set(targets)])),],
            *[edges[operator, source if source < 2 else 2] for source, _, operator in cell.edges],  # noqa: FURB136
        ]
        copied_to = [target for _, target, operator in cell.edges if operator in COPIES]
        if len(copied_to) > len(set(copied_to)):
            parts.append(self.copies[_sums_of_copies(cell),])
        return parts


_Sum: TypeAlias = tuple[int, int, int]
"""How many maps a node adds where so many of the cell's inputs can be copied, from the newest on: 0, 1, 2.

None can be in a reduction, the newest alone where the older one has another width than the cell.
"""


def _sums_of_copies(cell: Cell) -> tuple[tuple[int, _Sum], ...]:
    """Of each node that adds, how many edges it has, and of how many maps."""
    none, newest, both = (_maps(cell, copied_inputs) for copied_inputs in (0, 1, 2))
    nodes = [node for node in cell.nodes if node not in cell.concat]
    return tuple(sorted([(len(cell.edges_into(node)), (none[node], newest[node], both[node])) for node in nodes]))


def _maps(cell: Cell, copied_inputs: int) -> dict[int, int]:
    """How many maps come to each node: copies of one map are that map, and so is their sum."""
    given_by: dict[int, Hashable] = {node: node for node in range(2 - copied_inputs, 2)}
    counts = {}
    for node in cell.nodes:
        maps = [
            given_by.get(edge.source, (node, place)) if edge.operator in COPIES else (node, place)
            for place, edge in enumerate(cell.edges_into(node))
        ]
        counts[node] = len(set(maps))
        given_by[node] = maps[0] if counts[node] == 1 and node not in cell.concat else node
    return counts


@lru_cache(maxsize=256)
def _price_list(skeleton: Skeleton, normal: Face, reduction: Face) -> tuple[_Numbers, _CellPrices, _CellPrices]:
    """What everything around the cells costs, and the prices of the parts of the normal and of the reduction cell."""
    places = places_of(skeleton, normal, reduction)
    last = places[-1]
    features = (normal if last.cell == "normal" else reduction).outputs * last.channels
    around = [
        *[
            convolution(part.channels_in, part.channels, (3,) * skeleton.dims, part.size_in, part.size)
            + batch_norm(part.channels, part.size)
            for part in stem_of(skeleton, normal, reduction)
        ],
        *[
            layer_norm((normal if place.cell == "normal" else reduction).outputs * place.channels, place.size)
            for place in places
            if skeleton.norm == "ibn_b"
            and place.ends_stage is not None
            and place.ends_stage < skeleton.instance_norm_stages
        ],
        *[
            moved(2 * width, place.size, width, place.size).times(place.sums)
            for place in places
            if place.sums and (width := normal.outputs * place.channels)
        ],
        moved(features, last.size, features, (1,) * skeleton.dims) + weights(skeleton.head == "gem"),
        linear(features, skeleton.classes, bias=skeleton.classifier_bias),
    ]
    folds = skeleton.folds_norms
    of_normal, of_reduction = (
        _CellPrices([place for place in places if place.cell == name], folds) for name in ("normal", "reduction")
    )
    total = _total(around)
    return _numbers(total if folds else total.with_unfolded_norms()), of_normal, of_reduction


def _preparation(preparation: Preparation) -> Cost:
    match preparation.kind:
        case PreparationKind.UNTOUCHED:
            return Cost()
        case PreparationKind.POINTWISE:
            return pointwise_norm(preparation.channels_in, preparation.channels, preparation.size)
        case PreparationKind.FACTORIZED:
            channels = preparation.channels
            halves = convolution(preparation.channels_in, channels, (1, 1), preparation.size_in, preparation.size)
            return halves + batch_norm(channels, preparation.size)


def _ends(place: Place, face: Face, older_is_given: bool, newest_is_given: bool) -> Cost:
    """The preparation of the inputs that are read, and of the outputs, each of which is copied into the result."""
    inputs = [_preparation(unit) for node in face.reads for unit in (place.newest if node else (place.older,))]
    if place.half_instance_norm and 1 in face.reads:
        inputs.append(_half_instance_norm(place.newest[0]))
    given = [0] * older_is_given + [1] * newest_is_given
    given += [2] * (face.outputs - len(given))
    copies = moved(place.channels, place.size, place.channels, place.size)
    return _total(
        [*inputs, *(_preparation(place.output(node)) + copies for node in given)],
    )


def _half_instance_norm(preparation: Preparation) -> Cost:
    """What half an instance norm costs more than the batch norm that is counted; the halves are put together again."""
    channels, size = preparation.channels, preparation.size
    halves = moved(channels // 2, size, channels // 2, size) + moved(channels, size, channels, size)
    return halves + Cost(inference_params=channels)


def _edge(place: Place, operator: str, source: int) -> Cost:
    """The operator alone."""
    return _operator(operator, place.width_of(source), place.channels, place.size_of(source), place.stride_from(source))


@lru_cache(maxsize=4096)
def _operator(name: str, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
    """Many places, whichever inputs their cells read, ask for the same."""
    return OPERATORS[name].cost(channels_in, channels, size, stride)


def _nodes(place: Place, nodes: tuple[tuple[int, bool], ...]) -> Cost:
    """All nodes, in any order: of each, how many edges end in it, and whether it concatenates them."""
    return _total(_node(place, edges, joined) for edges, joined in nodes)


def _node(place: Place, edges: int, joined: bool) -> Cost:
    """The sum of its edges, which one edge needs none of, or their concatenation and what makes it narrow again."""
    if joined:
        join = place.join(edges)
        return moved(join.channels_in, place.size, join.channels_in, place.size) + _preparation(join)
    return moved(edges * place.channels, place.size, place.channels, place.size) if edges > 1 else Cost()


def _copies(place: Place, sums: tuple[tuple[int, _Sum], ...]) -> Cost:
    """What sums move less than as many maps as they have edges, since they read each map once."""
    pairs = [(edges, maps[place.copied_inputs]) for edges, maps in sums]
    more = sum(_node(place, edges, False).bytes_moved - _node(place, maps, False).bytes_moved for edges, maps in pairs)
    return Cost(bytes_moved=-more)


def auxiliary_cost(architecture: Architecture) -> Cost:
    """What the auxiliary head costs, which is gone after training and in no `cost`; nothing without one."""
    genotype, skeleton = architecture.genotype, architecture.skeleton
    auxiliary = skeleton.auxiliary
    if auxiliary is None:
        return Cost()
    faces = {"normal": Face.of(genotype.normal), "reduction": Face.of(genotype.reduction)}
    places = places_of(skeleton, faces["normal"], faces["reduction"])
    last_reduction = max(number for number, place in enumerate(places) if place.cell == "reduction")
    place = places[last_reduction + auxiliary.offset]
    features = faces[place.cell].outputs * place.channels
    pooled = auxiliary.pooled(place.size)
    first, second = auxiliary.widths
    return (
        moved(features, place.size, features, pooled)
        + pointwise_norm(features, first, pooled)
        + convolution(first, second, pooled, pooled, (1,) * skeleton.dims)
        + (batch_norm(second, (1,) * skeleton.dims) if auxiliary.last_norm else Cost())
        + linear(second, skeleton.classes)
    )
