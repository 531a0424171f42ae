"""NASNet cells: features of many at once, equal for equal cells."""

from __future__ import annotations

import random

import numpy as np

from search_space.presets import spaces
from service.sampling.encoding.nasnet_cell import NasnetCell

SPACE = spaces["nasnet"].restricted(nodes=3)
ENCODING = NasnetCell(SPACE)


def row(choices: dict[str, int]) -> list[int]:
    return [choices[name] for name in ENCODING.choices]


def test_cells_with_the_same_key_have_the_same_features() -> None:
    chance = random.Random(0)
    pairs = []
    for _ in range(50):
        drawn = {decision.name: chance.randrange(len(decision.choices)) for decision in SPACE.decisions}
        pairs.append((row(drawn), row(SPACE.choices(SPACE.genotype(drawn)))))
    assert any(one != other for one, other in pairs)
    ones, others = (np.array(rows) for rows in zip(*pairs, strict=True))
    assert [ENCODING.key(one) for one in ones.tolist()] == [ENCODING.key(other) for other in others.tolist()]
    for left, right in zip(ENCODING.views(ones), ENCODING.views(others), strict=True):
        for one, other in zip(left, right, strict=True):
            np.testing.assert_allclose(one, other)


def test_a_deeper_cell_has_longer_paths() -> None:
    flat = {decision.name: 0 for decision in SPACE.decisions}
    chain = flat | {f"{cell}.{node}.first.source": node - 1 for cell in ("normal", "reduction") for node in (3, 4)}
    depth = ENCODING.views(np.array([row(flat), row(chain)]))[0][-1]
    assert (depth[0] != depth[1]).any()
