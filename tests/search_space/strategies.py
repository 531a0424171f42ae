"""Hypothesis strategies: cells and genotypes as a person might draw them, before they are canonical."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from search_space.genotype import Cell, Edge, Genotype
from search_space.presets import spaces


@dataclass(frozen=True)
class Drawing:
    """The arguments of a Cell."""

    edges: tuple[Edge, ...]
    outputs: tuple[int, ...]
    concat: tuple[int, ...]

    def cell(self) -> Cell:
        return Cell(self.edges, self.outputs, self.concat)

    def under(self, numbers: dict[int, int]) -> Drawing:
        """The same cell with its nodes called by other numbers."""
        return Drawing(
            tuple(Edge(numbers[source], numbers[target], operator) for source, target, operator in self.edges),
            tuple(numbers[node] for node in self.outputs),
            tuple(numbers[node] for node in self.concat),
        )


@st.composite
def drawings(
    draw: st.DrawFn, most_nodes: int = 6, operators: tuple[str, ...] = ("identity", "sep_conv_3x3")
) -> Drawing:
    """Any number of edges a node, few operators so that there are symmetries, outputs at will, dead nodes too."""
    last = draw(st.integers(2, 1 + most_nodes))
    edges = []
    for target in range(2, last + 1):
        sources = draw(st.lists(st.integers(0, target - 1), min_size=1, max_size=3))
        edges += [Edge(source, target, draw(st.sampled_from(operators))) for source in sources]
    outputs = draw(st.lists(st.integers(0, last), min_size=1, unique=True))
    concat = draw(st.lists(st.integers(2, last), unique=True))
    return Drawing(tuple(edges), tuple(outputs), tuple(concat))


@st.composite
def redrawn(draw: st.DrawFn, drawing: Drawing) -> Drawing:
    """An isomorphic drawing: nodes under other numbers, edges, outputs and concat in another order."""
    nodes = sorted({edge.target for edge in drawing.edges})
    numbers = {0: 0, 1: 1, **dict(zip(nodes, draw(st.permutations(nodes)), strict=True))}
    other = drawing.under(numbers)
    return Drawing(
        tuple(draw(st.permutations(other.edges))),
        tuple(draw(st.permutations(other.outputs))),
        tuple(draw(st.permutations(other.concat))),
    )


@st.composite
def genotypes(draw: st.DrawFn, operators: tuple[str, ...] = spaces["modern"].operators) -> Genotype:
    """Two unrelated cells."""
    return Genotype(draw(drawings(operators=operators)).cell(), draw(drawings(operators=operators)).cell())
