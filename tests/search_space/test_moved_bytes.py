"""The bytes that a description says are moved, against those that are counted as the module runs."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings

from search_space.cost import cost
from search_space.counting import Size
from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.simplify import COPIES
from tests.search_space.moved import moved_bytes
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


def is_told_exactly(genotype: Genotype) -> bool:
    """Not where a sum has two copies of one map: a description says that both are read, the sum reads the map once."""
    cells = (genotype.normal, genotype.reduction)
    copies = [[edge[:2] for edge in cell.edges if edge.operator in COPIES] for cell in cells]
    return all(len(set(of_cell)) == len(of_cell) for of_cell in copies)


@pytest.mark.parametrize("skeleton", SMALL)
@given(genotype=genotypes(tuple(OPERATORS)).filter(is_told_exactly))
@settings(max_examples=2, phases=[Phase.generate])  # a large network takes minutes to be made small
def test_a_network_moves_as_many_bytes_as_its_description_says(skeleton: str, genotype: Genotype) -> None:
    architecture = Architecture(genotype, SMALL[skeleton])
    assert moved_bytes(architecture.build, SMALL[skeleton].input_shape) == cost(architecture).bytes_moved
