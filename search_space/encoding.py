"""Genotypes as numbers, for predictors, and how far two of them are apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from search_space.canonical import INPUTS
from search_space.genotype import MOST_NODES, Cell, Genotype, InvalidGenotype
from search_space.operators import OPERATORS

Path: TypeAlias = tuple[int | str, ...]
"""The input that a path begins at, then its operators, in order, up to the result of the cell."""

MOST_PATHS = 10_000
"""Two edges a node make 2,048 at most; parallel edges multiply along the nodes, to more than any memory holds."""


def one_hot(
    genotype: Genotype, operators: Sequence[str] = tuple(OPERATORS), nodes: int = MOST_NODES
) -> tuple[int, ...]:
    """The adjacency of both cells: how many edges carry each operator from each node to each later one.

    For each cell, for each of `nodes` inner nodes: one number for each earlier node and operator, then 1 where the
    node concatenates and 1 where it is given out; before them all, 1 for each input that is given out. The canonical
    numbering decides which node is which. InvalidGenotype where the genotype has other operators or more nodes.
    """
    return tuple(number for name, cell in genotype.cells for number in _one_hot(name, cell, operators, nodes))


def _one_hot(name: str, cell: Cell, operators: Sequence[str], nodes: int) -> list[int]:
    counts = Counter(cell.edges)
    places = [
        (source, node, operator) for node in range(2, 2 + nodes) for source in range(node) for operator in operators
    ]
    if not set(counts) <= set(places):
        edge = min(set(counts).difference(places))
        raise InvalidGenotype(f"{name} cell: edge {edge} has no place among {len(operators)} operators, {nodes} nodes")
    return [
        *(node in cell.outputs for node in INPUTS),
        *(counts[place] for place in places),  # type: ignore[index]  # an edge is a tuple of these
        *(flag for node in range(2, 2 + nodes) for flag in (node in cell.concat, node in cell.outputs)),
    ]


def paths(cell: Cell) -> Counter[Path]:
    """How often each sequence of operators leads from an input to the result (White et al. 2019, arXiv 1910.11858).

    ValueError where there are more than MOST_PATHS different ones.
    """
    into: dict[int, Counter[Path]] = {node: Counter({(node,): 1}) for node in INPUTS}
    for node in cell.nodes:
        into[node] = Counter()
        for edge in cell.edges_into(node):
            for path, count in into[edge.source].items():
                into[node][(*path, edge.operator)] += count
            _check_count(into[node])
    total: Counter[Path] = Counter()
    for node in cell.outputs:
        total += into[node]
        _check_count(total)
    return total


def _check_count(found: Counter[Path]) -> None:
    if len(found) > MOST_PATHS:
        raise ValueError(f"a cell with more than {MOST_PATHS:,} different paths has too many to list")


def distance(one: Genotype, other: Genotype) -> int:
    """How many edges, outputs and joins one has and the other has not, both in their canonical numbering.

    A metric: 0 for equal genotypes alone, symmetric, and no detour is shorter.
    """
    difference = 0
    for (_, first), (_, second) in zip(one.cells, other.cells, strict=True):
        here, there = Counter(first.edges), Counter(second.edges)
        difference += ((here - there) + (there - here)).total()
        difference += len(set(first.outputs) ^ set(second.outputs)) + len(set(first.concat) ^ set(second.concat))
    return difference
