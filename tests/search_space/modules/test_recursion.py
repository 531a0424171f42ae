"""Cells that run more than once with the same weights and other norms."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.merge import merge
from search_space.modules.recursion import Recursion, share_weights, use_recursion
from search_space.network import Architecture
from search_space.published import published
from search_space.skeleton import Skeleton
from tests.search_space.counted import counted
from tests.search_space.random_cells import every_operator, random_genotype
from tests.search_space.trained import as_if_trained

SMALL = Skeleton((2, 11, 12), classes=3, channels=5, cells_per_stage=2)


def recursive(times: int, **changes: Any) -> Any:
    return Architecture(published["enas"], replace(SMALL, recursion=times, **changes)).build()


def test_the_cells_that_keep_their_shape_run_as_often_as_asked() -> None:
    # N N R N N R N N: the first of a stage widens or follows a cell of another width
    cells = recursive(3).cells
    assert [isinstance(cell, Recursion) and len(cell.turns) for cell in cells] == [
        n in (1, 4, 7) and 3 for n in range(8)
    ]


def test_running_once_is_the_plain_network() -> None:
    plain: Any = Architecture(published["enas"], SMALL).build().eval()
    once = deepcopy(plain)
    use_recursion(once, 1)
    share_weights(once)
    assert [len(module.turns) for module in once.modules() if isinstance(module, Recursion)] == [1, 1, 1]
    images_NCHW = torch.randn(2, *SMALL.input_shape)
    assert torch.equal(plain(images_NCHW), once(images_NCHW))


def test_a_cell_runs_on_its_own_result_and_the_same_older_input() -> None:
    cell = recursive(3).eval().cells[1]
    h0, h1 = torch.randn(2, 5, 11, 12), torch.randn(2, 25, 11, 12)
    first, second, third = cell.turns
    assert torch.equal(cell(h0, h1), third(h0, second(h0, first(h0, h1))))


@pytest.mark.parametrize("norm", ["bn", "ibn_a", "gn", "ln"])
def test_turns_share_all_weights_but_those_of_norms(norm: str) -> None:
    kinds = (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm)
    first, second = recursive(2, norm=norm).cells[1].turns
    for one, other in zip(first.modules(), second.modules(), strict=True):
        for mine, same in zip(one.parameters(recurse=False), other.parameters(recurse=False), strict=True):
            assert (mine is same) != isinstance(one, kinds)


def test_gradients_of_shared_weights_are_the_sums_over_an_unrolled_copy_with_tied_weights() -> None:
    network = recursive(2).double()
    unrolled = recursive(2).double()
    for recursion in (module for module in unrolled.modules() if isinstance(module, Recursion)):
        for turn in recursion.turns:
            for module in turn.modules():
                for name, parameter in list(module.named_parameters(recurse=False)):
                    setattr(module, name, nn.Parameter(parameter.detach().clone()))
    unrolled.load_state_dict(network.state_dict())
    images_NCHW = torch.randn(3, *SMALL.input_shape, dtype=torch.float64)
    outputs = [each(images_NCHW) for each in (network, unrolled)]
    assert torch.equal(*outputs)
    for output in outputs:
        output.square().sum().backward()
    tied, (first, second) = network.cells[1].turns[0], unrolled.cells[1].turns
    convolutions = [name for name, own in tied.named_parameters() if own.ndim == 4]
    assert convolutions
    for name in convolutions:
        apart = first.get_parameter(name).grad + second.get_parameter(name).grad
        assert torch.allclose(tied.get_parameter(name).grad, apart)


@pytest.mark.parametrize(
    ("norm", "times", "genotype"),
    [
        ("bn", 2, every_operator()),
        ("bn", 3, published["nasnet-a"]),
        ("ibn_b", 3, published["enas"]),
        ("gn", 3, random_genotype(5)),
        ("ln", 2, published["enas"]),
    ],
)
def test_recursion_costs_norms_and_work_and_no_weights(norm: Any, times: int, genotype: Genotype) -> None:
    skeleton = replace(SMALL, stages=2, norm=norm, recursion=times, residual_scale=0.5)
    architecture = Architecture(genotype, skeleton)
    said = cost(architecture)
    assert counted(architecture.build, SMALL.input_shape) == (said.params, said.macs)
    once = cost(Architecture(genotype, replace(skeleton, recursion=1)))
    assert said.params - once.params == said.norm_params - once.norm_params


def test_the_merged_network_has_each_turns_norms_folded_into_weights_of_its_own() -> None:
    images_NCHW = torch.randn(3, *SMALL.input_shape)
    network = as_if_trained(recursive(3), images_NCHW)
    merged: Any = merge(network)
    assert torch.allclose(merged(images_NCHW), network(images_NCHW), rtol=1e-5, atol=1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in merged.modules())
    weights = [next(turn.parameters()) for turn in merged.cells[1].turns]
    assert not torch.equal(weights[0], weights[1])
