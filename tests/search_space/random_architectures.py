"""Networks drawn at random: any cell of all operators in any skeleton, as far as the one suits the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from search_space.genotype import InvalidGenotype
from search_space.network import Architecture
from search_space.skeleton import stages_for
from tests.search_space.random_cells import random_genotype
from tests.search_space.random_skeletons import random_skeleton

SHAPES = {1: (3, 21), 3: (2, 11, 9, 7)}


def random_architectures(dims: int = 2) -> Iterator[Architecture]:
    """Networks for maps of `dims` axes, the same ones in the same order always."""
    fixed: dict[str, Any] = (
        {} if dims == 2 else {"input_shape": SHAPES[dims], "stem": "tiny", "stages": stages_for(SHAPES[dims])}
    )
    for seed in count():
        try:
            yield Architecture(random_genotype(seed, dims), random_skeleton(seed, **fixed))
        except InvalidGenotype:
            continue
