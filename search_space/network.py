"""Architectures: a genotype in a skeleton, which can be built."""

from __future__ import annotations

import importlib
import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search_space.genotype import Genotype, InvalidGenotype
from search_space.operators import OPERATORS
from search_space.skeleton import InvalidSkeleton, Skeleton

if TYPE_CHECKING:
    from torch import nn


def suits(genotype: Genotype, skeleton: Skeleton) -> bool:
    """Whether all its operators, which are known ones, are for maps of as many axes as the skeleton has."""
    return all(skeleton.dims in OPERATORS[edge.operator].dims for _, cell in genotype.cells for edge in cell.edges)


def check_edges(genotype: Genotype, dims: int, narrowest: int) -> None:
    """InvalidGenotype where an operator is not for maps of `dims` axes, or wants more channels than the `narrowest`.

    All operators are known ones.
    """
    for name, cell in genotype.cells:
        for edge in cell.edges:
            operator, nodes = OPERATORS[edge.operator], f"nodes {edge.source} and {edge.target}"
            if dims not in operator.dims:
                raise InvalidGenotype(
                    f"{name} cell: edge {edge} carries an operator for maps of {' or '.join(map(str, operator.dims))} "
                    f"axes, where {nodes} have {dims}"
                )
            if narrowest < operator.narrowest:
                raise InvalidGenotype(
                    f"{name} cell: edge {edge} carries an operator for {operator.narrowest} channels or more, "
                    f"where {nodes} have as few as {narrowest}"
                )


@dataclass(frozen=True, slots=True)
class Architecture:
    """A genotype in a skeleton; InvalidGenotype where an operator is none, or is not for maps of so many axes.

    InvalidGenotype or InvalidSkeleton where one of the two is something else.
    """

    genotype: Genotype
    skeleton: Skeleton

    def __post_init__(self) -> None:
        if not isinstance(self.genotype, Genotype):
            raise InvalidGenotype(f"the genotype of an architecture is a Genotype, not {reprlib.repr(self.genotype)}")
        if not isinstance(self.skeleton, Skeleton):
            raise InvalidSkeleton(f"the skeleton of an architecture is a Skeleton, not {reprlib.repr(self.skeleton)}")
        self.genotype.check_operators(OPERATORS)
        check_edges(self.genotype, self.skeleton.dims, self.skeleton.narrowest)
        for name, cell in self.genotype.cells if self.skeleton.auxiliary else ():
            if 1 not in cell.inputs:
                raise InvalidGenotype(f"{name} cell: it does not read its newest input, as an auxiliary head needs")

    def build(self) -> nn.Module:
        """A freshly initialised network: (N, C, H, W) images to (N, classes) logits. This is what loads torch."""
        assembly = importlib.import_module("search_space.assembly")
        network: nn.Module = assembly.assemble(self.genotype, self.skeleton)
        return network
