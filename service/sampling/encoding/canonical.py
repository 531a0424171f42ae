"""Answers that describe one genotype are one cell, whatever else is known of them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search_space.space import CellSpace
from service.sampling.encoding.base import Answers, Encoding, View


@dataclass(frozen=True)
class Canonical:
    """An `encoding` of the answers of a space, of which those that a job takes for one cell have one key."""

    encoding: Encoding
    space: CellSpace

    @property
    def choices(self) -> Mapping[str, int]:
        """Those of the encoding."""
        return self.encoding.choices

    def views(self, answers: Answers) -> tuple[View, ...]:
        """Those of the encoding."""
        return self.encoding.views(answers)

    def functions(self, answers: Answers) -> NDArray[np.intp] | None:
        """Those of the encoding."""
        return self.encoding.functions(answers)

    def simplest(self, answers: Answers) -> Answers:
        """Those of the encoding."""
        return self.encoding.simplest(answers)

    def key(self, row: Sequence[int]) -> Hashable:
        """The genotype's key."""
        return genotype_key(self.space, tuple(row))


@lru_cache(maxsize=100_000)
def genotype_key(space: CellSpace, row: tuple[int, ...]) -> str:
    """Remembered, since every proposal asks for those of all that was tried."""
    return space.genotype({decision.name: int(index) for decision, index in zip(space.decisions, row, strict=True)}).key
