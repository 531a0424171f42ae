"""Architectures: a genotype in a skeleton, which can be built."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search_space.genotype import Genotype, InvalidGenotype
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Architecture:
    """A genotype in a skeleton; InvalidGenotype where it names an operator that there is not."""

    genotype: Genotype
    skeleton: Skeleton

    def __post_init__(self) -> None:
        self.genotype.check_operators(OPERATORS)
        for name, cell in self.genotype.cells if self.skeleton.auxiliary else ():
            if 1 not in cell.inputs:
                raise InvalidGenotype(f"{name} cell: it does not read its newest input, as an auxiliary head needs")

    def build(self) -> nn.Module:
        """A freshly initialised network: (N, C, H, W) images to (N, classes) logits. This is what loads torch."""
        assembly = importlib.import_module("search_space.assembly")
        network: nn.Module = assembly.assemble(self.genotype, self.skeleton)
        return network
