"""All cells of a space, where they are few enough to be listed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from search_space.genotype import Genotype
from search_space.space import CellSpace

MOST_LISTED = 20_000  # ways to answer the decisions of a space whose cells are listed, which takes some seconds


@lru_cache(maxsize=8)
def listed(space: CellSpace) -> Mapping[str, Genotype] | None:
    """All different cells by their key; None where the space is too large to list them."""
    return {genotype.key: genotype for genotype in space.genotypes()} if space.size <= MOST_LISTED else None
