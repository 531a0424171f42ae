"""Genotypes drawn at random, also such that no search space holds: any operator, any shape of cell."""

from random import Random

from search_space.genotype import Cell, Edge, Genotype
from search_space.operators import OPERATORS


def random_genotype(seed: int) -> Genotype:
    rng = Random(seed)
    return Genotype(random_cell(rng), random_cell(rng))


def random_cell(rng: Random) -> Cell:
    nodes = range(2, 2 + rng.randint(1, 4))
    edges = [
        Edge(rng.randrange(node), node, rng.choice(sorted(OPERATORS)))
        for node in nodes
        for _ in range(rng.choice([1, 2, 2, 3, 6]))
    ]
    concat = [node for node in nodes if rng.random() < 0.3]
    outputs = {nodes[-1], *rng.sample(range(nodes[-1]), rng.randint(0, 2))}
    return Cell(tuple(edges), tuple(outputs), tuple(concat))
