"""The modules that have a form of their own in inference, against what they were in training."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from search_space.merge import merge
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.dilated_branches import DILATED_BRANCHES
from search_space.modules.large_kernel import LargeKernelRep
from search_space.modules.spaced import SpacedConv, SpacedSeparable
from tests.search_space.trained import as_if_trained


@pytest.mark.parametrize("groups", [1, 4])
def test_a_convolution_and_its_norm_are_one_convolution_with_a_bias(groups: int) -> None:
    x_NCHW = torch.randn(4, 8, 9, 7)
    pair = as_if_trained(nn.Sequential(ConvNorm(8, 12, 3, 2, 1, groups=groups)), x_NCHW)
    (one,) = merge(pair).children()
    assert torch.allclose(one(x_NCHW), pair(x_NCHW), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(32, 32), (33, 17)])
@pytest.mark.parametrize("kernel", DILATED_BRANCHES)
def test_a_large_kernel_and_its_dilated_branches_are_one_kernel(
    kernel: int, size: tuple[int, int], stride: int
) -> None:
    x_NCHW = torch.randn(2, 4, *size)
    operator = as_if_trained(LargeKernelRep(4, 4, stride, kernel=kernel), x_NCHW)
    merged = merge(operator)
    assert torch.allclose(merged(x_NCHW), operator(x_NCHW), rtol=1e-5, atol=1e-5)
    exactly_NCHW = operator.double()(x_NCHW.double())
    assert torch.allclose(merge(operator)(x_NCHW.double()), exactly_NCHW, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("kernel", "trained", "merged"),
    [(5, 49, 26), (7, 100, 50), (9, 159, 82), (11, 210, 122), (13, 282, 170), (15, 338, 226), (17, 434, 290)],
)
def test_a_dilated_large_kernel_has_its_published_parameters_a_channel(kernel: int, trained: int, merged: int) -> None:
    operator = LargeKernelRep(4, 4, kernel=kernel)
    assert [
        sum(p.numel() for p in form.get_submodule("1").parameters()) // 4 for form in (operator, merge(operator))
    ] == [
        trained,
        merged,
    ]


def with_positions(operator: SpacedConv, positions: list[list[float]]) -> SpacedConv:
    operator.positions.data[:] = torch.tensor(positions)[:, None]
    return operator


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_whole_spacings_are_a_dilated_convolution_whose_first_axis_is_the_width(dims: int) -> None:
    operator = SpacedConv(4, 1, kernel=5, count=3**dims, spread="linear", dims=dims)
    along_each_axis = torch.meshgrid([torch.tensor([-2.0, 0, 2])] * dims, indexing="ij")
    with_positions(operator, [along.flatten().tolist() for along in reversed(along_each_axis)])
    x = torch.randn(2, 4, *(9, 8, 7)[:dims])
    convolve = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[dims]
    dilated = convolve(x, operator.weight.view(4, 1, *[3] * dims), operator.bias, 1, 2, 2, groups=4)
    assert torch.allclose(operator(x), dilated, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2])
def test_spacings_along_a_row_are_those_of_a_signal_in_every_row(stride: int) -> None:
    flat = SpacedConv(4, stride, kernel=7, count=5, spread="linear")
    of_signals = SpacedConv(4, stride, kernel=7, count=5, spread="linear", dims=1)
    flat.weight, flat.bias = of_signals.weight, of_signals.bias
    flat.positions.data = torch.cat([of_signals.positions.data, torch.zeros(1, 4, 5)])
    x_NCHW = torch.randn(2, 4, 6, 9)
    for row in range(0, 6, stride):
        assert torch.allclose(flat(x_NCHW)[:, :, row // stride], of_signals(x_NCHW[:, :, row]), atol=1e-6)


def test_a_gaussian_spacing_is_never_a_dilated_convolution_but_keeps_its_total() -> None:
    operator = with_positions(SpacedConv(2, 1, kernel=7, count=1, spread="gauss"), [[1.0], [-1.0]])
    kernels = operator.kernels()[:, 0]
    assert torch.allclose(kernels.sum((1, 2)), operator.weight[:, 0], atol=1e-6)
    assert (kernels[:, 2, 4].abs() == kernels.abs().amax((1, 2))).all()
    assert (kernels[:, 2, 3].abs() > 0.01 * kernels[:, 2, 4].abs()).all()


@pytest.mark.parametrize("spread", ["linear", "gauss"])
def test_a_spacing_that_leaves_the_grid_is_put_on_its_border_and_can_come_back(spread: str) -> None:
    operator = with_positions(SpacedConv(2, 1, kernel=5, count=1, spread=spread), [[2.4], [-7.0]])
    first_NCHW, second_NCHW = operator(torch.randn(1, 2, 6, 6)), operator(torch.randn(1, 2, 6, 6))
    assert operator.positions.flatten().tolist() == [2, 2, -2, -2]
    (first_NCHW.square().sum() + second_NCHW.square().sum()).backward()
    assert operator.positions.grad is not None


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("spread", ["linear", "gauss"])
def test_baked_kernels_compute_what_learned_spacings_did(spread: str, stride: int) -> None:
    x_NCHW = torch.randn(2, 4, 21, 18)
    operator = as_if_trained(SpacedSeparable(4, 4, stride, kernel=17, count=26, spread=spread), x_NCHW)
    assert torch.allclose(merge(operator)(x_NCHW), operator(x_NCHW), rtol=1e-5, atol=1e-5)
