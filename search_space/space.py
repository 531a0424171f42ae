"""Search spaces: the decisions that span a space of cells, and how answers become a genotype."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from math import prod

from search_space.genotype import MOST_NODES, Cell, Edge, Genotype, InvalidGenotype
from search_space.operators import OPERATORS

COMBINES = ("add", "concat")


class InvalidSpace(ValueError):
    """No space can be made of this; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One question that a sampler answers with an index into `choices`."""

    name: str
    choices: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class CellSpace:
    """Two cells of `nodes` inner nodes, each of which combines two operators, each on any earlier node.

    All nodes that no operator reads, inputs included, are concatenated into the result (Zoph et al. 2017,
    arXiv 1707.07012).
    """

    name: str
    operators: tuple[str, ...]
    nodes: int = 5
    combines: tuple[str, ...] = COMBINES

    def __post_init__(self) -> None:
        object.__setattr__(self, "operators", tuple(self.operators))
        object.__setattr__(self, "combines", tuple(self.combines))
        _check_names("operator", self.operators, tuple(OPERATORS))
        _check_names("combination", self.combines, COMBINES)
        if type(self.nodes) is not int or not 1 <= self.nodes <= MOST_NODES:
            raise InvalidSpace(f"a cell has 1 to {MOST_NODES} nodes, not {self.nodes!r}")

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All questions, always in the same order."""
        return _decisions(self)

    @property
    def size(self) -> int:
        """The number of ways to answer all decisions. Some answers describe the same genotype."""
        return prod(len(decision.choices) for decision in self.decisions)

    def sample(self, rng: random.Random) -> Genotype:
        """A genotype, uniform over the answers to all decisions."""
        return _genotype(self, iter([rng.choice(decision.choices) for decision in self.decisions]))

    def genotype(self, choices: Mapping[str, int]) -> Genotype:
        """The genotype that these answers describe; InvalidGenotype where one is missing, unknown or out of range."""
        decisions = self.decisions
        unknown = choices.keys() - {decision.name for decision in decisions}
        if unknown:
            raise InvalidGenotype(f"space {self.name!r} has no decision {min(unknown)!r}")
        return _genotype(self, iter([_answer(decision, choices.get(decision.name)) for decision in decisions]))

    def choices(self, genotype: Genotype) -> dict[str, int]:
        """Answers that describe `genotype`; InvalidGenotype where it lies outside the space, saying why."""
        answers = [answer for name, cell in genotype.cells for answer in _answers(self, name, cell)]
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


@lru_cache(maxsize=64)
def _decisions(space: CellSpace) -> tuple[Decision, ...]:
    return tuple(
        decision
        for cell in ("normal", "reduction")
        for node in range(2, 2 + space.nodes)
        for decision in (
            Decision(f"{cell}.{node}.first.source", tuple(range(node))),
            Decision(f"{cell}.{node}.first.operator", space.operators),
            Decision(f"{cell}.{node}.second.source", tuple(range(node))),
            Decision(f"{cell}.{node}.second.operator", space.operators),
            Decision(f"{cell}.{node}.combine", space.combines),
        )
    )


def _answer(decision: Decision, index: int | None) -> int | str:
    if type(index) is not int or not 0 <= index < len(decision.choices):
        raise InvalidGenotype(f"decision {decision.name!r} wants 0 to {len(decision.choices) - 1}, not {index!r}")
    return decision.choices[index]


def _genotype(space: CellSpace, answers: Iterator[int | str]) -> Genotype:
    """`answers` are in the order of the decisions."""
    return Genotype(normal=_cell(space.nodes, answers), reduction=_cell(space.nodes, answers))


def _cell(nodes: int, answers: Iterator[int | str]) -> Cell:
    edges, concat = [], []
    loose = set(range(2 + nodes))
    for node in range(2, 2 + nodes):
        for _ in ("first", "second"):
            source, operator = int(next(answers)), str(next(answers))
            edges.append(Edge(source, node, operator))
            loose.discard(source)
        if next(answers) == "concat":
            concat.append(node)
    return Cell(tuple(edges), tuple(loose), tuple(concat))


def _answers(space: CellSpace, name: str, cell: Cell) -> Iterator[int | str]:
    """The answers that describe one cell, in the order of its decisions."""
    if len(cell.nodes) != space.nodes:
        raise InvalidGenotype(f"{name} cell: {len(cell.nodes)} nodes, where space {space.name!r} has {space.nodes}")
    read = {edge.source for edge in cell.edges}
    if set(cell.outputs) != {0, 1, *cell.nodes} - read:
        raise InvalidGenotype(f"{name} cell: the outputs {cell.outputs} are not the nodes that no operator reads")
    for node in cell.nodes:
        edges = cell.edges_into(node)
        if len(edges) != 2:
            raise InvalidGenotype(f"{name} cell: node {node} has {len(edges)} edges, where the space has 2")
        for edge in edges:
            if edge.operator not in space.operators:
                raise InvalidGenotype(f"{name} cell: edge {edge} has an operator that space {space.name!r} has not")
            yield from (edge.source, edge.operator)
        combine = "concat" if node in cell.concat else "add"
        if combine not in space.combines:
            raise InvalidGenotype(f"{name} cell: node {node} is to {combine}, which space {space.name!r} has not")
        yield combine


def _check_names(what: str, names: Sequence[str], known: tuple[str, ...], where: str = "") -> None:
    if not names:
        raise InvalidSpace(f"a space has at least one {what}")
    for name in names:
        if name not in known:
            near = get_close_matches(str(name), known) or known
            raise InvalidSpace(f"there is no {what} {name!r}{where}; use {', '.join(near)}")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidSpace(f"{what} {twice!r} is named twice")
