"""Dense cells, whose every node reads all before it: which answers give a canonical cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from search_space.genotype import Cell, Edge, InvalidGenotype
from search_space.simplify import COPIES, NOTHING


def dense_answers(cell: Cell, nodes: int, operators: Sequence[str]) -> list[str]:
    """The operator on every edge of a dense cell of `nodes` inner nodes that has `cell` as its canonical form.

    For each target from 2 on, for each source from 1 on. A dense cell has one edge from node to node; where the
    canonical cell has several, the source stands at several places, which copy the first. InvalidGenotype where the
    cell does not fit.
    """
    if len(cell.outputs) != 1 or cell.concat or any(edge.source == 0 for edge in cell.edges) or cell.outputs == (0,):
        raise InvalidGenotype("a dense cell reads the newest input alone, adds, and gives out one node")
    copy = next((operator for operator in operators if operator in COPIES), None)
    places, last = _places(cell), 1 + nodes
    needed = sum(map(len, places.values()))
    if needed > nodes:
        raise InvalidGenotype(f"the cell needs {needed} nodes, where the space has {nodes}")
    chosen = {}
    for first, *others in places.values():
        chosen.update({(first, other): copy for other in others})
    for edge, place in _edges_at(cell, places):
        target = last if edge.target in cell.outputs else places[edge.target][0]
        chosen[place, target] = edge.operator
    if cell.outputs == (1,):
        chosen[1, last] = copy
    answers = [chosen.get((source, target), NOTHING) for target in range(2, last + 1) for source in range(1, target)]
    for answer in answers:
        if answer not in operators:
            raise InvalidGenotype(f"the cell needs {'a copy of a node' if answer is None else answer!r} in the space")
    return [str(answer) for answer in answers]


def _places(cell: Cell) -> dict[int, list[int]]:
    """The place of each node and of its copies, from 1 on, but for the output, which nothing reads: it is the last."""
    places: dict[int, list[int]] = {}
    free = 1
    for node in sorted({1, *cell.nodes}.difference(cell.outputs) or {1}):
        uses = Counter(edge.target for edge in cell.edges if edge.source == node and edge.operator != NOTHING)
        count = max(uses.values(), default=1)
        places[node] = list(range(free, free + count))
        free += count
    return places


def _edges_at(cell: Cell, places: dict[int, list[int]]) -> list[tuple[Edge, int]]:
    """Every edge with the place that it starts from: each of several to one target from another."""
    taken: Counter[tuple[int, int]] = Counter()
    found = []
    for edge in cell.edges:
        if edge.operator != NOTHING:
            found.append((edge, places[edge.source][taken[edge[:2]]]))
            taken[edge[:2]] += 1
    return found
