"""A network grown by the arguments of its exported file has exactly the costs that the service states for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from search_space.cost import cost
from search_space.export import to_python
from search_space.genotype import InvalidGenotype
from search_space.network import Architecture
from search_space.operators.base import UnsuitableWidth
from search_space.skeleton import Skeleton
from tests.search_space.counted import counted
from tests.search_space.random_cells import random_genotype

SMALL = Skeleton((1, 8, 8), classes=10, channels=8, stages=2)


def growth(rng: Random) -> dict[str, Any]:
    """Arguments of `build_model`, each of which may stay as it is."""
    wishes = {
        "input_channels": rng.randint(1, 5),
        "classes": rng.randint(2, 200),
        "channels": rng.randint(8, 24),
        "cells_per_stage": rng.randint(1, 3),
        "stages": rng.randint(1, 3),
        "head": rng.choice(["average", "max", "gem"]),
        "norm": rng.choice(["bn", "gn", "ln"]),
        "dropout": 0.2,
        "keep": 0.7,
    }
    return {name: value for name, value in wishes.items() if rng.random() < 0.7}


def stated(architecture: Architecture, wishes: dict[str, Any], size: tuple[int, int]) -> tuple[int, int]:
    """Parameters and multiply-accumulates of what is grown, as the service works them out."""
    small = architecture.skeleton
    of_skeleton = {name: wishes[name] for name in wishes.keys() - {"input_channels", "dropout", "keep"}}
    shape = (wishes.get("input_channels", small.input_shape[0]), *size)
    total = cost(replace(architecture, skeleton=replace(small, input_shape=shape, **of_skeleton)))
    return total.params, total.macs


@pytest.mark.parametrize("growths", [8, pytest.param(300, marks=pytest.mark.long)])
def test_what_is_stated_of_a_grown_network_is_exact(growths: int) -> None:
    grown = 0
    for seed in range(10 * growths):
        rng = Random(seed)
        architecture = Architecture(random_genotype(seed), SMALL)
        wishes, size = growth(rng), (rng.randint(8, 40), rng.randint(8, 40))
        exported: dict[str, Any] = {"__name__": "exported"}
        try:
            expected = stated(architecture, wishes, size)
            exec(to_python(architecture, "training"), exported)
        except (InvalidGenotype, UnsuitableWidth):
            continue
        shape = (wishes.get("input_channels", 1), *size)
        assert counted(partial(exported["build_model"], **wishes), shape) == expected, (seed, wishes, size)
        grown += 1
        if grown == growths:
            break
    assert grown == growths
