"""Dense cells, whose every node reads all before it: which answers give a canonical cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from search_space.genotype import Cell, Edge, InvalidGenotype
from search_space.simplify import COPIES, NOTHING


def dense_answers(name: str, cell: Cell, nodes: int, operators: Sequence[str]) -> list[str]:
    """The operator on every edge of a dense cell of `nodes` inner nodes that has `cell` as its canonical form.

    For each target from 2 on, for each source from 1 on. A dense cell has one edge from node to node; where the
    canonical cell has several, the source stands at several places, which copy the first; in the "reduction" cell, as
    which `name` may call it, the newest input has no copies. InvalidGenotype where the cell does not fit.
    """
    _check_dense(name, cell)
    copy = next((operator for operator in operators if operator in COPIES), None)
    places, last = _places(cell), 1 + nodes
    needed = sum(map(len, places.values()))
    if needed > nodes:
        raise InvalidGenotype(
            f"{name} cell: it needs {needed} nodes{_doubled(cell, places)}, where the space has {nodes}"
        )
    chosen: dict[tuple[int, int], str] = {}
    for node, (first, *others) in places.items():
        if others or cell.outputs == (node,):
            if node == 1 and name == "reduction":
                raise InvalidGenotype(
                    f"{name} cell: it needs a copy of node 1{_doubled(cell, [1])}, which no operator with a stride is"
                )
            if copy is None:
                raise InvalidGenotype(
                    f"{name} cell: it needs a copy of node {node}{_doubled(cell, [node])}, and the space has neither "
                    f"{' nor '.join(sorted(COPIES))}"
                )
            chosen.update({(first, place): copy for place in (others or [last])})
    for edge, place in _edges_at(cell, places):
        target = last if edge.target in cell.outputs else places[edge.target][0]
        chosen[place, target] = edge.operator
    wanted = [(source, target) for target in range(2, last + 1) for source in range(1, target)]
    if NOTHING not in operators:
        node_at = {place: node for node, at in places.items() for place in at} | {last: cell.outputs[0]}
        for source, target in wanted:
            if (source, target) not in chosen:
                unlinked = _unlinked(node_at.get(source), node_at.get(target))
                raise InvalidGenotype(f"{name} cell: {unlinked}, and the space has no operator {NOTHING!r}")
    return [chosen.get(link, NOTHING) for link in wanted]


def _check_dense(name: str, cell: Cell) -> None:
    """A dense cell reads the newest input alone, adds, and gives out one node, which is not the older input."""
    for edge in cell.edges:
        if edge.source == 0:
            raise InvalidGenotype(f"{name} cell: edge {edge} reads the older input, which a dense cell never does")
    for node in cell.concat:
        raise InvalidGenotype(f"{name} cell: node {node} is to concat, where the nodes of a dense cell add")
    if len(cell.outputs) > 1:
        given = " and ".join(map(str, cell.outputs))
        raise InvalidGenotype(f"{name} cell: nodes {given} are given out, where a dense cell gives out one")
    if cell.outputs == (0,):
        raise InvalidGenotype(f"{name} cell: node 0, the older input, is given out, which a dense cell never reads")


def _doubled(cell: Cell, sources: Collection[int]) -> str:
    """Which of these nodes must be there more than once, if any, and why."""
    links = Counter(edge[:2] for edge in cell.edges if edge.source in sources and edge.operator != NOTHING)
    for (source, target), count in links.items():
        if count > 1:
            return f", since {count} edges run from node {source} to node {target}"
    return ""


def _unlinked(source: int | None, target: int | None) -> str:
    """What is not there; None for a node that the canonical cell has not."""
    if source is None or target is None:
        return "it has fewer nodes than the space"
    return f"no edge runs from node {source} to node {target}"


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
