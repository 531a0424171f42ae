"""The parameters and MACs that are told of an inference form, against those counted on merged networks and files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice
from random import Random
from typing import Any

import pytest
from torch import nn

from search_space.cost import cost
from search_space.export import to_python
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.merge import merge
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.operators.base import UnsuitableWidth
from search_space.skeleton import Skeleton
from tests.search_space.counted import counted
from tests.search_space.random_architectures import SHAPES, random_architectures
from tests.search_space.random_cells import random_genotype

SHAPE_OF_IMAGES = (2, 11, 9)


def merged(architecture: Architecture) -> nn.Module:
    return merge(architecture.build())


def told(architecture: Architecture) -> tuple[int, int]:
    total = cost(architecture)
    return total.inference_params, total.inference_macs


def file_of(architecture: Architecture) -> dict[str, Any]:
    """What its exported inference form defines."""
    exported: dict[str, Any] = {"__name__": "exported"}
    exec(to_python(architecture, "inference"), exported)
    return exported


@pytest.mark.parametrize(("name", "dims"), [(name, dims) for name in OPERATORS for dims in OPERATORS[name].dims])
def test_an_operator_costs_merged_what_is_told(name: str, dims: int) -> None:
    cell = Cell((Edge(0, 2, name), Edge(1, 3, name), Edge(2, 3, name)), outputs=(2, 3))
    skeleton = Skeleton((SHAPES | {2: SHAPE_OF_IMAGES})[dims], classes=3, channels=8, stages=2)
    architecture = Architecture(Genotype(cell, cell), skeleton)
    assert counted(partial(merged, architecture), skeleton.input_shape) == told(architecture)


@pytest.mark.parametrize(("dims", "count"), [(1, 6), (2, 20), (3, 6)])
def test_a_network_of_any_skeleton_costs_merged_what_is_told(dims: int, count: int) -> None:
    for architecture in islice(random_architectures(dims), count):
        shape = architecture.skeleton.input_shape
        assert counted(partial(merged, architecture), shape) == told(architecture), architecture


def test_an_exported_inference_form_costs_what_it_tells() -> None:
    for architecture in islice(random_architectures(), 15):
        params, macs = counted(file_of(architecture)["build_model"], architecture.skeleton.input_shape)
        text = " ".join(to_python(architecture, "inference").split())
        assert f"It has {params:,} parameters and {macs:,} multiply-accumulates for one" in text


@pytest.mark.parametrize("growths", [8, pytest.param(300, marks=pytest.mark.long)])
def test_an_inference_form_that_is_grown_costs_what_is_told(growths: int) -> None:
    small, grown = Skeleton((1, 8, 8), classes=10, channels=8, stages=2), 0
    for seed in range(10 * growths):
        rng = Random(seed)
        wishes: dict[str, Any] = {
            "channels": rng.randint(8, 24),
            "cells_per_stage": rng.randint(1, 3),
            "stages": rng.randint(1, 3),
        }
        wishes |= {"classes": rng.randint(2, 200)}
        shape = (rng.randint(1, 5), rng.randint(8, 40), rng.randint(8, 40))
        try:
            architecture = Architecture(random_genotype(seed), small)
            expected = told(replace(architecture, skeleton=replace(small, input_shape=shape, **wishes)))
            build = file_of(architecture)["build_model"]
        except (InvalidGenotype, UnsuitableWidth):
            continue
        assert counted(partial(build, input_channels=shape[0], **wishes), shape) == expected, (seed, wishes, shape)
        grown += 1
        if grown == growths:
            break
    assert grown == growths
