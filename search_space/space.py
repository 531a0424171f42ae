"""Search spaces: the decisions that span a space of cells, and how answers become a genotype."""

from __future__ import annotations

import random
import reprlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from itertools import combinations, product
from math import comb, prod
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from search_space.dense_cells import dense_answers
from search_space.genotype import MOST_NODES, Cell, Edge, Genotype, InvalidGenotype
from search_space.operators import OPERATORS
from search_space.simplify import COPIES, NOTHING

COMBINES = ("add", "concat")
Wiring: TypeAlias = Literal["pairs", "distinct", "dense"]
Outputs: TypeAlias = Literal["loose", "all"]
Reduction: TypeAlias = Literal["searched", "same", "fixed"]

_WHO_ARE_OUTPUTS: Mapping[Outputs, str] = MappingProxyType(
    {"all": "all inner nodes", "loose": "the nodes that no operator reads"}
)

# Two 3x3 convolutions beside an average pool, after the residual block between the stages of NAS-Bench-201 (arXiv
# 2001.00326), whose pool is 2x2 with a 1x1 convolution.
FIXED_REDUCTION = Cell((Edge(1, 2, "conv_3x3"), Edge(2, 3, "conv_3x3"), Edge(1, 3, "avg_pool_3x3")), outputs=(3,))


class InvalidSpace(ValueError):
    """No space can be made of this; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One question that a sampler answers with an index into `choices`."""

    name: str
    choices: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class CellSpace:
    """Cells of `nodes` inner nodes, each of which combines what operators make of earlier nodes.

    `wiring` says which nodes those are:

    - pairs: any two, and twice the same is allowed (Zoph et al. 2017, arXiv 1707.07012);
    - distinct: any two different ones (Liu et al. 2018, arXiv 1806.09055);
    - dense: all earlier nodes but the older input (Dong, Yang 2020, arXiv 2001.00326).

    Its nodes add what they read or concatenate it, one of `combines`; those of a dense cell always add.

    `outputs` are concatenated into the result: all inner nodes, or the loose ends, which are the nodes that no
    operator reads, inputs included; of a dense cell always the last node alone. The reduction cell is searched too,
    or it is the same cell with a stride, or a fixed one.
    """

    name: str
    operators: tuple[str, ...]
    nodes: int = 5
    combines: tuple[str, ...] = COMBINES
    wiring: Wiring = "pairs"
    outputs: Outputs = "loose"
    reduction: Reduction = "searched"
    summary: str = ""

    def __post_init__(self) -> None:
        for field in ("name", "summary"):
            if not isinstance(getattr(self, field), str):
                raise InvalidSpace(f"the {field} of a space is text, not {reprlib.repr(getattr(self, field))}")
        _check_names("operator", self.operators, tuple(OPERATORS))
        _check_names("combination", self.combines, COMBINES)
        object.__setattr__(self, "operators", tuple(self.operators))
        object.__setattr__(self, "combines", tuple(self.combines))
        for field, kind in (("wiring", Wiring), ("outputs", Outputs), ("reduction", Reduction)):
            _check_names(field, [getattr(self, field)], get_args(kind))
        if type(self.nodes) is not int or not 1 <= self.nodes <= MOST_NODES:
            raise InvalidSpace(f"a cell has 1 to {MOST_NODES} nodes, not {reprlib.repr(self.nodes)}")
        if NOTHING in self.operators and self.wiring != "dense":
            raise InvalidSpace(f"operator {NOTHING!r} is for dense cells: elsewhere every edge is there by choice")
        if self.wiring == "dense" and self.combines not in (COMBINES, ("add",)):
            raise InvalidSpace(
                f"the nodes of dense cells add: combines are left out or 'add' alone, not {self.combines}"
            )

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All questions, always in the same order."""
        return _decisions(self)

    @property
    def size(self) -> int:
        """The number of ways to answer all decisions. Some answers describe the same genotype."""
        return prod(len(decision.choices) for decision in self.decisions)

    @property
    def unordered_size(self) -> int:
        """The number of ways to answer all decisions where the two operands of a node have no order."""
        if self.wiring != "pairs":
            return self.size
        operands = [len(self.operators) * (2 + node) for node in range(self.nodes)]
        cell = prod(comb(count + 1, 2) * len(self.combines) for count in operands)
        return cell**2 if self.reduction == "searched" else cell

    def sample(self, rng: random.Random) -> Genotype:
        """A genotype, uniform over the answers to all decisions, of which there are `size`.

        So it is not uniform over genotypes: each comes as often as there are answers that describe it.
        """
        return _genotype(self, iter([rng.choice(decision.choices) for decision in self.decisions]))

    def genotypes(self) -> Iterator[Genotype]:
        """Every genotype; one that several answers describe comes as often."""
        return (_genotype(self, iter(answers)) for answers in product(*(own.choices for own in self.decisions)))

    def genotype(self, choices: Mapping[str, int]) -> Genotype:
        """The genotype that these answers describe; InvalidGenotype where one is missing, unknown or out of range."""
        decisions = self.decisions
        if not isinstance(choices, Mapping):
            raise InvalidGenotype(f"answers are a mapping from decisions to numbers, not {reprlib.repr(choices)}")
        unknown = choices.keys() - {decision.name for decision in decisions}
        if unknown:
            raise InvalidGenotype(f"space {self.name!r} has no decision {min(unknown, key=repr)!r}")
        return _genotype(self, iter([_answer(decision, choices.get(decision.name)) for decision in decisions]))

    def choices(self, genotype: Genotype) -> dict[str, int]:
        """Answers that describe `genotype`; InvalidGenotype where it lies outside the space, saying why."""
        if type(genotype) is not Genotype:
            raise InvalidGenotype(f"the answers to decisions describe a Genotype, not {reprlib.repr(genotype)}")
        _check_reduction(self, genotype)
        # Of two cells that are the same, the reduction shows more: a copy of the newest input is none in it.
        answered = {"searched": genotype.cells, "same": genotype.cells[1:], "fixed": genotype.cells[:1]}
        answers = [answer for name, cell in answered[self.reduction] for answer in _answers(self, name, cell)]
        return {
            decision.name: decision.choices.index(answer)
            for decision, answer in zip(self.decisions, answers, strict=True)
        }

    def restricted(self, operators: Sequence[str] | None = None, nodes: int | None = None) -> CellSpace:
        """This space with some of its operators only, or with another number of nodes."""
        if operators is not None:
            _check_names("operator", operators, self.operators, where=f" in space {self.name!r}")
        return replace(
            self,
            operators=self.operators if operators is None else tuple(operators),
            nodes=self.nodes if nodes is None else nodes,
        )

    def for_axes(self, dims: int) -> CellSpace:
        """This space with those of its operators that are for maps of `dims` axes; InvalidSpace where none is."""
        if type(dims) is not int or not 1 <= dims <= 3:
            raise InvalidSpace(f"maps have 1, 2 or 3 axes, not {reprlib.repr(dims)}")
        return self.restricted([name for name in self.operators if dims in OPERATORS[name].dims])


@lru_cache(maxsize=64)
def _decisions(space: CellSpace) -> tuple[Decision, ...]:
    cells = ("normal", "reduction") if space.reduction == "searched" else ("normal",)
    return tuple(
        decision
        for cell in cells
        for node in range(2, 2 + space.nodes)
        for decision in _node_decisions(space, f"{cell}.{node}", node)
    )


def _node_decisions(space: CellSpace, name: str, node: int) -> Iterator[Decision]:
    match space.wiring:
        case "dense":
            for source in range(1, node):
                yield Decision(f"{name}.from.{source}.operator", space.operators)
        case "distinct":
            yield Decision(f"{name}.sources", tuple(f"{one},{other}" for one, other in combinations(range(node), 2)))
            yield Decision(f"{name}.first.operator", space.operators)
            yield Decision(f"{name}.second.operator", space.operators)
        case "pairs":
            for operand in ("first", "second"):
                yield Decision(f"{name}.{operand}.source", tuple(range(node)))
                yield Decision(f"{name}.{operand}.operator", space.operators)
    if space.wiring != "dense":
        yield Decision(f"{name}.combine", space.combines)


def _answer(decision: Decision, index: int | None) -> int | str:
    if type(index) is not int or not 0 <= index < len(decision.choices):
        raise InvalidGenotype(
            f"decision {decision.name!r} wants 0 to {len(decision.choices) - 1}, not {reprlib.repr(index)}"
        )
    return decision.choices[index]


def _genotype(space: CellSpace, answers: Iterator[int | str]) -> Genotype:
    """`answers` are in the order of the decisions."""
    match space.reduction:
        case "searched":
            return Genotype(_cell(space, answers, copied=(1,)), _cell(space, answers))
        case "same":
            both = _cell(space, answers)
            return Genotype(both, both)
        case "fixed":
            return Genotype(_cell(space, answers, copied=(1,)), FIXED_REDUCTION)


def _cell(space: CellSpace, answers: Iterator[Any], copied: Collection[int] = ()) -> Cell:
    """An edge may copy every inner node, and the inputs that are `copied`."""
    nodes = range(2, 2 + space.nodes)
    if space.wiring == "dense":
        dense = [Edge(source, node, next(answers)) for node in nodes for source in range(1, node)]
        return Cell(_named_once(space, dense, copied), outputs=(nodes[-1],))
    edges: list[Edge] = []
    concat: list[int] = []
    for node in nodes:
        edges += _edges(space, node, answers)
        if next(answers) == "concat":
            concat.append(node)
    loose = {0, 1, *nodes}.difference([edge.source for edge in edges])
    return Cell(_named_once(space, edges, copied), tuple(nodes if space.outputs == "all" else loose), tuple(concat))


def _named_once(space: CellSpace, edges: list[Edge], copied: Collection[int]) -> tuple[Edge, ...]:
    """With one name for what copies a node: where a space has two for it, one network would have two keys."""
    if not COPIES.issubset(space.operators):
        return tuple(edges)
    one = min(COPIES)
    return tuple(
        edge._replace(operator=one) if edge.operator in COPIES and (edge.source > 1 or edge.source in copied) else edge
        for edge in edges
    )


def _edges(space: CellSpace, node: int, answers: Iterator[Any]) -> list[Edge]:
    """The two edges into a node."""
    if space.wiring == "distinct":
        return [Edge(int(source), node, next(answers)) for source in next(answers).split(",")]
    return [Edge(next(answers), node, next(answers)), Edge(next(answers), node, next(answers))]


def _check_reduction(space: CellSpace, genotype: Genotype) -> None:
    """InvalidGenotype where a reduction cell that is not searched is another than it is in the space."""
    normal, reduction = genotype.normal, genotype.reduction
    match space.reduction:
        case "searched":
            return
        case "same":
            found, expected = Genotype(reduction, reduction).normal, normal
        case "fixed":
            found, expected = reduction, FIXED_REDUCTION
    if found != expected:
        raise InvalidGenotype(
            f"reduction cell: that of space {space.name!r} is {space.reduction}, and here "
            f"{_difference(found, expected)}"
        )


def _difference(cell: Cell, other: Cell) -> str:
    """The first thing in which two cells differ."""
    for edge in Counter(cell.edges) - Counter(other.edges):
        return f"edge {edge} is one more"
    for edge in Counter(other.edges) - Counter(cell.edges):
        return f"edge {edge} is missing"
    return f"the outputs are {_numbers(cell.outputs)}, the nodes that concat {_numbers(cell.concat)}"


def _numbers(nodes: Sequence[int]) -> str:
    return ", ".join(map(str, nodes)) or "none"


def _answers(space: CellSpace, name: str, cell: Cell) -> Iterator[int | str]:
    """The answers that describe one cell, in the order of its decisions."""
    if space.wiring != "dense" and len(cell.nodes) != space.nodes:
        nodes = f"{len(cell.nodes)} node{'' if len(cell.nodes) == 1 else 's'}"
        raise InvalidGenotype(f"{name} cell: {nodes}, where space {space.name!r} has {space.nodes}")
    for edge in cell.edges:
        if edge.operator not in space.operators and edge.operator != NOTHING:
            raise InvalidGenotype(f"{name} cell: edge {edge} has an operator that space {space.name!r} has not")
    if space.wiring == "dense":
        yield from dense_answers(name, cell, space.nodes, space.operators)
        return
    _check_outputs(space, name, cell)
    for node in cell.nodes:
        edges = cell.edges_into(node)
        if len(edges) != 2:
            raise InvalidGenotype(f"{name} cell: node {node} has {len(edges)} edges, where the space has 2")
        if space.wiring == "distinct":
            yield from _distinct_answers(name, node, edges)
        else:
            yield from (answer for edge in edges for answer in (edge.source, edge.operator))
        combine = "concat" if node in cell.concat else "add"
        if combine not in space.combines:
            raise InvalidGenotype(f"{name} cell: node {node} is to {combine}, which space {space.name!r} has not")
        yield combine


def _check_outputs(space: CellSpace, name: str, cell: Cell) -> None:
    """That the nodes are given out that the space says; the first one that differs is named."""
    readers = {edge.source: edge for edge in reversed(cell.edges)}
    for node in (0, 1, *cell.nodes):
        expected = node > 1 if space.outputs == "all" else node not in readers
        if expected and node not in cell.outputs:
            raise InvalidGenotype(
                f"{name} cell: node {node} is not given out, as {_WHO_ARE_OUTPUTS[space.outputs]} are"
            )
        if node in cell.outputs and not expected:
            read = f", and edge {readers[node]} reads it" if space.outputs == "loose" else ""
            raise InvalidGenotype(
                f"{name} cell: node {node} is given out{read}, where the outputs are {_WHO_ARE_OUTPUTS[space.outputs]}"
            )


def _distinct_answers(name: str, node: int, edges: tuple[Edge, ...]) -> Iterator[str]:
    one, other = sorted(edges)
    if one.source == other.source:
        raise InvalidGenotype(
            f"{name} cell: node {node} reads node {one.source} twice, where the space wants two nodes"
        )
    yield from (f"{one.source},{other.source}", one.operator, other.operator)


def _check_names(what: str, names: Sequence[str], known: tuple[str, ...], where: str = "") -> None:
    if not isinstance(names, tuple | list):
        raise InvalidSpace(f"a space has a list of {what}s, not {reprlib.repr(names)}")
    if not names:
        raise InvalidSpace(f"a space has at least one {what}")
    for name in names:
        if name not in known:
            near = get_close_matches(str(name), known) or known
            raise InvalidSpace(f"there is no {what} {name!r}{where}; use {', '.join(near)}")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidSpace(f"{what} {twice!r} is named twice")
