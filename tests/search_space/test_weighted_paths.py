"""What has parameters stands on every path through a prepared cell, however many operators without any it has.

PfLayer's trap: pools and shifts in a row give sparse gradients, or fall together into one linear map (Han et al. 2022,
arXiv 2202.02777). Inside one cell a path from an older input that is taken as it comes may meet nothing: to prepare
that too would change the counts of published networks. A path is cut by setting what has parameters on it to zero:
then an image no longer matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from search_space.genotype import Genotype
from search_space.modules.cell import Cell
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from search_space.variation import crossover, mutation

FREE = CellSpace("free", ("identity", "skip_connect", "avg_pool_3x3", "max_pool_3x3", "shift_3x3"), nodes=3)
SPACES = {**spaces, FREE.name: FREE}
SKELETON = Skeleton((2, 8, 8), classes=3, channels=4, cells_per_stage=3, stages=2)
PREPARED = Skeleton((2, 8, 8), classes=3, channels=4, cells_per_stage=3, stages=2, older_input="prepared")


def drawn(space: CellSpace, rng: Random) -> Iterator[Genotype]:
    """One by sampling, one by mutation, one by crossover."""
    one, other = space.sample(rng), space.sample(rng)
    yield from (one, mutation(space, one, rng), crossover(space, one, other, rng))


def silence(*modules: nn.Module) -> None:
    """Sets every parameter to zero."""
    for module in modules:
        for parameter in module.parameters():
            nn.init.zeros_(parameter)


def cells_of(network: nn.Module) -> list[Cell]:
    """Its cells that are built."""
    return [module for module in network.modules() if isinstance(module, Cell)]


def sees(module: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether what it gives for images depends on them."""
    first, second = torch.randn(2, 2, *shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return not torch.equal(module.eval()(first), module(second))


@pytest.mark.parametrize("name", SPACES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=4)
def test_where_both_inputs_are_prepared_every_path_through_a_cell_has_parameters_on_it(name: str, seed: int) -> None:
    for genotype in drawn(SPACES[name], Random(seed)):
        network = Architecture(genotype, PREPARED).build()
        silence(*(unit for cell in cells_of(network) for unit in (cell.prepare_h0, cell.prepare_h1)))
        assert not sees(network, PREPARED.input_shape)


@pytest.mark.parametrize("name", SPACES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=4)
def test_elsewhere_only_an_older_input_that_is_taken_as_it_comes_may_meet_none(name: str, seed: int) -> None:
    for genotype in drawn(SPACES[name], Random(seed)):
        for cell in cells_of(Architecture(genotype, SKELETON).build()):
            older, newest, _, halves, *_ = cell.arguments
            if 0 in cell.reads and not isinstance(cell.prepare_h0, nn.Identity):
                silence(cell.prepare_h0, cell.prepare_h1)
                h0, h1 = torch.randn(2, 2, older, 8 * (1 + halves), 8 * (1 + halves)), torch.randn(2, 2, newest, 8, 8)
                with torch.inference_mode():
                    assert torch.equal(cell.eval()(h0[0], h1[0]), cell(h0[1], h1[1]))


@pytest.mark.parametrize("position", [0, 3])
def test_each_of_the_two_convolutions_of_a_pool_sandwich_cuts_it(position: int) -> None:
    sandwich = OPERATORS["pool_sandwich_3x3"].build(8, 8)
    assert sees(sandwich, (8, 6, 6))
    assert isinstance(sandwich, nn.Sequential)
    silence(sandwich[position])
    assert not sees(sandwich, (8, 6, 6))
