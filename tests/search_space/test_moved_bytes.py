"""The bytes that a description says are moved, against those that are counted as the module runs."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import Phase, given, settings

from search_space.cost import cost
from search_space.counting import Size
from search_space.genotype import Cell, Edge, Genotype
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton
from tests.search_space.moved import moved_bytes
from tests.search_space.random_architectures import random_architectures
from tests.search_space.strategies import genotypes
from tests.search_space.test_assembly import SMALL


def moved_and_said(name: str, channels_in: int, channels: int, size: Size, stride: int) -> tuple[int, int]:
    """By the module that an operator builds, and by its description."""
    operator = OPERATORS[name]
    found = moved_bytes(lambda: operator.build(channels_in, channels, stride, len(size)), (channels_in, *size))
    return found, operator.cost(channels_in, channels, size, stride).bytes_moved


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_moves_as_many_bytes_as_it_says(name: str) -> None:
    for channels_in, channels, stride in ((12, 12, 1), (20, 12, 1), (12, 12, 2), (20, 12, 2), (5, 11, 1), (5, 11, 2)):
        found, said = moved_and_said(name, channels_in, channels, (9, 7), stride)
        assert found == said


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, (9, 7, 5)[:dims]) for name, operator in OPERATORS.items() for dims in operator.dims if dims != 2],
)
def test_an_operator_moves_as_many_bytes_of_signals_and_volumes(name: str, size: Size) -> None:
    for channels_in, channels, stride in ((12, 12, 1), (5, 11, 2)):
        found, said = moved_and_said(name, channels_in, channels, size, stride)
        assert found == said


@pytest.mark.parametrize("older_is_copied", [True, False])
def test_a_sum_reads_a_map_once_however_often_it_adds_it(older_is_copied: bool) -> None:
    skeleton = Skeleton((1, 6, 6), classes=2, stages=2, channels=8, stem_channels=8 if older_is_copied else 7)
    twice = [Edge(0, 2, "identity"), Edge(0, 2, "skip_connect"), Edge(1, 2, "identity"), Edge(1, 2, "max_pool_3x3")]
    by_a_node = [Edge(0, 3, "identity"), Edge(3, 4, "identity"), Edge(0, 4, "identity"), Edge(2, 4, "identity")]
    cell = Cell((*twice, *by_a_node, Edge(2, 5, "identity"), Edge(2, 5, "identity")), outputs=(4, 5))
    architecture = Architecture(Genotype(cell, cell), skeleton)
    assert moved_bytes(architecture.build, skeleton.input_shape) == cost(architecture).bytes_moved


@pytest.mark.parametrize(("dims", "count"), [(1, 6), (2, 24), (3, 6)])
def test_networks_of_any_skeleton_move_as_many_bytes_as_their_descriptions_say(dims: int, count: int) -> None:
    for architecture in islice(random_architectures(dims), count):
        found = moved_bytes(architecture.build, architecture.skeleton.input_shape)
        assert found == cost(architecture).bytes_moved, architecture


@pytest.mark.parametrize("skeleton", SMALL)
@given(genotype=genotypes(tuple(OPERATORS)))
@settings(max_examples=2, phases=[Phase.generate])  # a large network takes minutes to be made small
def test_a_network_moves_as_many_bytes_as_its_description_says(skeleton: str, genotype: Genotype) -> None:
    architecture = Architecture(genotype, SMALL[skeleton])
    assert moved_bytes(architecture.build, SMALL[skeleton].input_shape) == cost(architecture).bytes_moved
