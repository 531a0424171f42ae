"""Genotypes that no search space holds: drawn at random, any operator, any shape of cell; and one with all of them."""

from collections.abc import Sequence
from random import Random

from search_space.genotype import Cell, Edge, Genotype
from search_space.operators import OPERATORS


def random_genotype(seed: int, dims: int = 2) -> Genotype:
    """Of operators for maps of `dims` axes."""
    rng = Random(seed)
    names = [name for name in sorted(OPERATORS) if dims in OPERATORS[name].dims]
    return Genotype(random_cell(rng, names), random_cell(rng, names))


def random_cell(rng: Random, names: Sequence[str]) -> Cell:
    nodes = range(2, 2 + rng.randint(1, 4))
    edges = [
        Edge(rng.randrange(node), node, rng.choice(names)) for node in nodes for _ in range(rng.choice([1, 2, 2, 3, 6]))
    ]
    concat = [node for node in nodes if rng.random() < 0.3]
    outputs = {nodes[-1], *rng.sample(range(nodes[-1]), rng.randint(0, 2))}
    return Cell(tuple(edges), tuple(outputs), tuple(concat))


def every_operator() -> Genotype:
    """Cells with an edge for each operator; what reads a node in one cell reads an input in the other."""
    return Genotype(_with_every_operator(0), _with_every_operator(1))


def _with_every_operator(turn: int) -> Cell:
    names = sorted(OPERATORS)
    places = [2 + number // 10 for number in range(len(names))]
    edges = [
        Edge((node - 1, turn, 1 - turn)[(number + turn) % 3], node, name)
        for number, (node, name) in enumerate(zip(places, names, strict=True))
    ]
    return Cell(tuple(edges), tuple(range(2, places[-1] + 1)))
