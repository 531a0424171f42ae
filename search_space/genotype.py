"""Genotypes: the immutable, canonical description of the two cells of a network."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from search_space.canonical import INPUTS, Graph, numbering
from search_space.simplify import COPIES, NOTHING, Drawing, simplified

MOST_NODES = 10
MOST_EDGES = 100


class InvalidGenotype(ValueError):
    """A description that is no cell, or not one of the space at hand; the message names node and edge."""


class Edge(NamedTuple):
    """A path from one node of a cell to another, with the operator on it. The cell checks it."""

    source: int
    target: int
    operator: str

    def __str__(self) -> str:
        return f"{self.source}->{self.target} ({self.operator})"


@dataclass(frozen=True, slots=True)
class Cell:
    """The graph that is searched, in canonical form, so that isomorphic cells are equal values.

    Node 0 is the older input h_{i-1}, node 1 the newest h_i, nodes 2.. are inner nodes, which add what arrives on their
    edges, or concatenate it where they are in `concat`. `outputs` are the nodes that are concatenated into the
    result; they are stored, never derived. Nodes may be given under any numbers and in any order: they are
    renumbered, and what reaches no output is left out, as are edges and nodes that carry nothing or copy another node,
    see `search_space.simplify`.
    """

    edges: tuple[Edge, ...]
    outputs: tuple[int, ...]
    concat: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_types(self.edges, self.outputs, self.concat)
        incoming = _incoming(self.edges)
        _check(incoming, self.edges, self.outputs, self.concat)
        self._settle(simplified(Drawing(incoming, tuple(self.outputs), frozenset(self.concat))))

    def _settle(self, drawing: Drawing) -> None:
        alive = _alive(drawing.incoming, drawing.outputs)
        numbers, codes = numbering(Graph(alive, drawing.concat, frozenset(drawing.outputs)))
        edges = [
            Edge(source, node, operator) for node, (links, *_) in enumerate(codes, 2) for source, operator in links
        ]
        object.__setattr__(self, "edges", tuple(edges))
        object.__setattr__(self, "outputs", tuple(sorted([numbers[node] for node in drawing.outputs])))
        object.__setattr__(self, "concat", tuple(sorted([numbers[node] for node in drawing.concat if node in alive])))

    @property
    def nodes(self) -> range:
        """The inner nodes, each after all of its sources."""
        return range(2, self.edges[-1].target + 1 if self.edges else 2)

    @property
    def inputs(self) -> tuple[int, ...]:
        """Those of the input nodes 0 and 1 that an output or an edge reads; one that carries nothing reads nothing."""
        read = {source for source, _, operator in self.edges if operator != NOTHING}.union(self.outputs)
        return tuple([node for node in INPUTS if node in read])

    def without_copies_of_newest(self) -> Cell:
        """The same cell, for a place where copying the newest input changes nothing."""
        drawn = Drawing(_incoming(self.edges), self.outputs, frozenset(self.concat))
        drawing = simplified(drawn, copied_inputs=(1,))
        if drawing is drawn:
            return self
        edges = tuple(
            Edge(source, node, operator) for node, links in drawing.incoming.items() for source, operator in links
        )
        return Cell(edges, drawing.outputs, tuple(drawing.concat))

    def edges_into(self, node: int) -> tuple[Edge, ...]:
        """The edges that end in `node`; none for an input."""
        return tuple(edge for edge in self.edges if edge.target == node)


@dataclass(frozen=True, slots=True)
class Genotype:
    """A normal and a reduction cell. However two cells are drawn, if they are isomorphic the genotypes are equal.

    In a normal cell a copy of the newest input, which has the cell's own width there, is that input. Operators keep
    their names: `skip_connect` and `identity` stay two also out of an inner node, where both are that node (a space
    that has both draws one of them there), as do `identity` and `conv_1x1` where a reduction cell reads an input
    without drop path.
    """

    normal: Cell
    reduction: Cell

    def __post_init__(self) -> None:
        for name, cell in self.cells:
            if type(cell) is not Cell:
                raise InvalidGenotype(f"the {name} cell of a genotype is a Cell, not {reprlib.repr(cell)}")
        if any(source == 1 and operator in COPIES for source, _, operator in self.normal.edges):
            object.__setattr__(self, "normal", self.normal.without_copies_of_newest())

    @property
    def cells(self) -> tuple[tuple[str, Cell], ...]:
        return ("normal", self.normal), ("reduction", self.reduction)

    @property
    def key(self) -> str:
        """20 hexadecimal digits; the same in every version and on every machine."""
        return hashlib.sha256(b"genotype 1\n" + self.to_json().encode()).hexdigest()[:20]

    def to_json(self) -> str:
        """The canonical text, one line; `from_json` reads it back."""
        cells = {
            name: {"concat": cell.concat, "edges": cell.edges, "outputs": cell.outputs} for name, cell in self.cells
        }
        return _ENCODER.encode(cells)

    @classmethod
    def from_json(cls, text: str | bytes, known: Collection[str] | None = None) -> Genotype:
        """Reads what `to_json` wrote, or what a person wrote like it; InvalidGenotype for anything else.

        So too where an operator is not `known`, also on an edge that the canonical form leaves out; errors name nodes
        and edges by the numbers that they have in the text.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError, TypeError) as error:
            raise InvalidGenotype(f"a genotype is JSON text: {error}") from error
        cells = _fields(data, "a genotype", {"normal", "reduction"})
        return cls(_cell("normal", cells["normal"], known), _cell("reduction", cells["reduction"], known))

    def check_operators(self, known: Collection[str]) -> None:
        """InvalidGenotype where an edge carries an operator that is not `known`."""
        for name, cell in self.cells:
            for edge in cell.edges:
                _check_known(name, edge, known)


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def _incoming(edges: Collection[Edge]) -> dict[int, list[tuple[int, str]]]:
    incoming: dict[int, list[tuple[int, str]]] = {}
    for source, target, operator in edges:
        incoming.setdefault(target, []).append((source, operator))
    return incoming


def _check_types(edges: object, outputs: object, concat: object) -> None:
    """InvalidGenotype where values from Python, which nothing has checked yet, are of other types than they say."""
    if not isinstance(edges, tuple | list):
        raise InvalidGenotype(f"the edges of a cell are a tuple of edges, not {reprlib.repr(edges)}")
    for number, edge in enumerate(edges):
        if isinstance(edge, tuple) and len(edge) == 3:
            source, target, operator = edge
            if type(source) is int and type(target) is int and type(operator) is str:
                continue
        raise InvalidGenotype(
            f"edge {number} of a cell has two numbers of nodes, source and target, and the name of an operator, "
            f"not {reprlib.repr(tuple(edge) if isinstance(edge, tuple) else edge)}"
        )
    for name, nodes in (("outputs", outputs), ("concat", concat)):
        if not isinstance(nodes, tuple | list) or not {int}.issuperset(map(type, nodes)):
            raise InvalidGenotype(f"the {name} of a cell are a tuple of numbers of nodes, not {reprlib.repr(nodes)}")


def _check(
    incoming: dict[int, list[tuple[int, str]]],
    edges: Collection[Edge],
    outputs: Collection[int],
    concat: Collection[int],
) -> None:
    if len(incoming) > MOST_NODES or len(edges) > MOST_EDGES:
        raise InvalidGenotype(
            f"a cell has at most {MOST_NODES} inner nodes and {MOST_EDGES} edges, not {len(incoming)} and {len(edges)}"
        )
    forward = True
    for edge in edges:
        source, target, _ = edge
        if target < 2:
            raise InvalidGenotype(f"edge {edge} ends in node {target}, which is an input of the cell")
        if source not in INPUTS and source not in incoming:
            raise InvalidGenotype(f"edge {edge} starts at node {source}, which has no input")
        forward = forward and source < target
    if not forward:
        _check_acyclic(incoming)
    if not outputs or len(set(outputs)) != len(outputs):
        raise InvalidGenotype("a cell has at least one output, and each of them once")
    for node in outputs:
        if node not in INPUTS and node not in incoming:
            raise InvalidGenotype(f"output {node} is a node without input")
    for node in concat:
        if node not in incoming:
            raise InvalidGenotype(f"node {node} is to concatenate its edges but has none")


def _check_acyclic(incoming: dict[int, list[tuple[int, str]]]) -> None:
    try:
        TopologicalSorter({node: [source for source, _ in links] for node, links in incoming.items()}).prepare()
    except CycleError as error:
        source, target, *_ = cycle = error.args[1]
        operator = next(operator for start, operator in incoming[target] if start == source)
        nodes = "->".join(map(str, cycle))
        raise InvalidGenotype(f"edge {Edge(source, target, operator)} lies on a cycle of nodes {nodes}") from error


def _alive(incoming: dict[int, list[tuple[int, str]]], outputs: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """The inner nodes from which an output can be reached."""
    read = {source for links in incoming.values() for source, _ in links}
    if incoming.keys() <= read.union(outputs):
        return incoming  # without a cycle, whoever follows readers comes to an output
    alive: dict[int, list[tuple[int, str]]] = {}
    waiting = list(outputs)
    while waiting:
        node = waiting.pop()
        if node not in alive and node not in INPUTS:
            alive[node] = incoming[node]
            waiting.extend([source for source, _ in incoming[node]])
    return alive


def _check_known(name: str, edge: Edge, known: Collection[str]) -> None:
    if edge.operator not in known:
        near = get_close_matches(edge.operator, known) or known
        raise InvalidGenotype(
            f"{name} cell: edge {edge} carries an unknown operator to node {edge.target}; use {', '.join(near)}"
        )


def _cell(name: str, data: Any, known: Collection[str] | None) -> Cell:
    fields = _fields(data, f"the {name} cell", {"edges", "outputs"}, optional={"concat"})
    outputs = tuple(_nodes(fields["outputs"], f"the outputs of the {name} cell"))
    concat = tuple(_nodes(fields.get("concat", []), f"the concat of the {name} cell"))
    edges = tuple(_edges(name, fields["edges"]))
    if known is not None:
        for edge in edges:
            _check_known(name, edge, known)
    try:
        return Cell(edges, outputs, concat)
    except InvalidGenotype as error:
        raise InvalidGenotype(f"{name} cell: {error}") from error


def _edges(name: str, data: Any) -> Iterator[Edge]:
    if not isinstance(data, list):
        raise InvalidGenotype(f"the edges of the {name} cell are a list")
    for item in data:
        if not isinstance(item, list) or [type(part) for part in item] != [int, int, str]:
            raise InvalidGenotype(
                f'an edge of the {name} cell is [source, target, "operator"], not {reprlib.repr(item)}'
            )
        yield Edge(*item)


def _nodes(data: Any, what: str) -> Iterator[int]:
    if not isinstance(data, list) or not all(type(node) is int for node in data):
        raise InvalidGenotype(f"{what} are a list of node numbers, not {reprlib.repr(data)}")
    yield from data


def _fields(data: Any, what: str, required: set[str], optional: Collection[str] = ()) -> dict[str, Any]:
    if not isinstance(data, dict) or not required <= data.keys() <= required.union(optional):
        raise InvalidGenotype(f"{what} is an object with {' and '.join(sorted(required))}, not {reprlib.repr(data)}")
    return data
