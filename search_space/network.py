"""Architectures: a genotype in a skeleton, which can be laid out and built."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search_space.genotype import Genotype
from search_space.layout import Layout, layout_of
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

    @property
    def layout(self) -> Layout:
        """Everything that is built, layer by layer."""
        return layout_of(self.genotype, self.skeleton)

    def build(self) -> nn.Module:
        """A freshly initialised network: (N, C, H, W) images to (N, classes) logits. This is what loads torch."""
        network: nn.Module = importlib.import_module("search_space.modules.network").Network.of(self.layout)
        return network
