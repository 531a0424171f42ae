"""A made-up task over NASNet cells whose best cell is known, where depth, operators and wiring all matter.

The loss of a pair of cells is the sum of three parts, each 0 at best and worth about a third: how far the operators on
the edges are from the best for their cell, how far the longest path is from the deepest possible, and how many nodes
read something else than the node before and one input. A cell that is a chain of the best operator, each node reading
also the newest input, has loss 0; noise with a standard deviation of NOISE is added, the same for the same cell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from search_space.genotype import Cell
from search_space.presets import spaces

SPACE = spaces["nasnet"]
NOISE = 0.01
BEST = {"normal": "sep_conv_5x5", "reduction": "max_pool_3x3"}


def loss(choices: Mapping[str, int], *, noisy: bool = True) -> float:
    """0 for the best cells, about 1 for the worst, give or take the noise."""
    genotype = SPACE.genotype(choices)
    parts = [_operators(name, cell) + _depth(cell) + _wiring(cell) for name, cell in genotype.cells]
    exact = sum(parts) / (3 * len(parts))
    if not noisy:
        return exact
    seed = int(hashlib.sha256(genotype.key.encode()).hexdigest()[:8], 16)
    return exact + NOISE * float(np.random.default_rng(seed).standard_normal())


def optimum() -> dict[str, int]:
    """The answers of the best cells: a chain that reads the newest input at each node."""
    choices = {}
    for decision in SPACE.decisions:
        cell, node, *rest = decision.name.split(".")
        answer: int | str
        match rest:
            case ["combine"]:
                answer = decision.choices[0]
            case [_, "operator"]:
                answer = BEST[cell]
            case ["first", _]:
                answer = int(node) - 1
            case _:
                answer = 1
        choices[decision.name] = decision.choices.index(answer)
    return choices


def _operators(name: str, cell: Cell) -> float:
    best = SPACE.operators.index(BEST[name])
    distances = [min(3, abs(SPACE.operators.index(edge.operator) - best)) / 3 for edge in cell.edges]
    return sum(distances) / len(distances)


def _depth(cell: Cell) -> float:
    depth = {0: 0, 1: 0}
    for node in cell.nodes:
        depth[node] = 1 + max(depth[edge.source] for edge in cell.edges_into(node))
    return 1 - max(depth.values()) / len(cell.nodes)


def _wiring(cell: Cell) -> float:
    return sum(1 not in {edge.source for edge in cell.edges_into(node)} for node in cell.nodes) / len(cell.nodes)
