"""What every operator promises, asked of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from torch import nn

from search_space.merge import merge
from search_space.modules.conv_norm import ConvNorm
from search_space.operators import OPERATORS
from search_space.operators.base import UnsuitableMap, UnsuitableStride, UnsuitableWidth
from tests.search_space.counted import counted
from tests.search_space.trained import as_if_trained

STRIDES = [1, 2]
STRIDES_AND_WIDTHS = [(1, 12), (1, 20), (2, 12), (2, 20)]
PLAIN_AND_CHANGING = [(1, 12), (2, 20)]


@pytest.fixture(params=OPERATORS, name="name")
def _name(request: pytest.FixtureRequest) -> str:
    torch.manual_seed(0)
    name: str = request.param
    return name


@pytest.fixture(name="make")
def _make(name: str) -> Callable[..., nn.Module]:
    return OPERATORS[name].build


@pytest.mark.parametrize(("stride", "channels_in"), STRIDES_AND_WIDTHS)
def test_the_output_has_the_width_asked_for_and_the_size_divided_by_the_stride(
    make: Callable[..., nn.Module], stride: int, channels_in: int
) -> None:
    operator = make(channels_in, 12, stride)
    for height, width in [(1, 1), (2, 3), (7, 8), (9, 9)]:
        output_NCHW = operator(torch.randn(3, channels_in, height, width))
        assert output_NCHW.shape == (3, 12, -(-height // stride), -(-width // stride))


def test_it_takes_the_widths_of_the_narrowest_cells(make: Callable[..., nn.Module]) -> None:
    for channels in (4, 5, 11):
        assert make(channels, channels)(torch.randn(2, channels, 5, 5)).shape == (2, channels, 5, 5)


def test_it_says_which_widths_it_takes_where_it_refuses_one(name: str) -> None:
    operator = OPERATORS[name]
    fewest = operator.narrowest
    for dims, stride in product(operator.dims, STRIDES):
        size = (5, 4, 3)[:dims]
        output = operator.build(fewest, fewest, stride, dims)(torch.randn(2, fewest, *size))
        assert output.shape == (2, fewest, *[-(-pixels // stride) for pixels in size])
    if fewest > 1:
        told = f"^{type(operator).__name__}.* takes {fewest} channels or more.*$"
        for channels_in, channels in ((fewest, fewest - 1), (fewest - 1, fewest)):
            with pytest.raises(UnsuitableWidth, match=told):
                operator.build(channels_in, channels)
            with pytest.raises(UnsuitableWidth, match=told):
                operator.cost(channels_in, channels, (8, 8))


@pytest.mark.parametrize("width", [0, -4, 8.0, True, "8", None])
def test_a_width_that_is_no_whole_number_is_refused(name: str, width: Any) -> None:
    for channels_in, channels in ((width, 8), (8, width)):
        with pytest.raises(UnsuitableWidth, match=r"^.* channels or more, a whole number, not .*$"):
            OPERATORS[name].build(channels_in, channels)
        with pytest.raises(UnsuitableWidth, match=r"^.* channels or more, a whole number, not .*$"):
            OPERATORS[name].cost(channels_in, channels, (8, 8))


@pytest.mark.parametrize("stride", [0, 3, -1, 2.0, True, "1", None])
def test_strides_but_1_and_2_are_refused(name: str, stride: Any) -> None:
    with pytest.raises(UnsuitableStride, match=r"^.* takes stride 1 or 2, not .*$"):
        OPERATORS[name].build(8, 8, stride)
    with pytest.raises(UnsuitableStride, match=r"^.* takes stride 1 or 2, not .*$"):
        OPERATORS[name].cost(8, 8, (8, 8), stride)


@pytest.mark.parametrize(("stride", "channels_in"), STRIDES_AND_WIDTHS)
def test_it_costs_what_its_description_says(name: str, stride: int, channels_in: int) -> None:
    operator = OPERATORS[name]
    for size in [(9, 7), (8, 8)]:
        said = operator.cost(channels_in, 12, size, stride)
        found = counted(lambda: operator.build(channels_in, 12, stride), (channels_in, *size))
        assert found == (said.params, said.macs)


@pytest.mark.parametrize(("stride", "channels_in"), PLAIN_AND_CHANGING)
def test_its_inference_form_computes_the_same_whatever_the_statistics(
    make: Callable[..., nn.Module], stride: int, channels_in: int
) -> None:
    x_NCHW = torch.randn(4, channels_in, 9, 8)
    operator = as_if_trained(make(channels_in, 12, stride), x_NCHW)
    assert torch.allclose(merge(operator)(x_NCHW), operator(x_NCHW), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "dims"), [(name, dims) for name, operator in OPERATORS.items() for dims in operator.dims if dims != 2]
)
def test_it_keeps_its_promises_for_signals_and_volumes(name: str, dims: int) -> None:
    operator, size = OPERATORS[name], (7, 8, 9)[:dims]
    for stride, channels_in in PLAIN_AND_CHANGING:
        said = operator.cost(channels_in, 12, size, stride)
        found = counted(lambda: operator.build(channels_in, 12, stride, dims), (channels_in, *size))  # noqa: B023
        assert found == (said.params, said.macs)
        for small in [(1, 1, 1), (2, 3, 1)]:
            tiny = operator.build(channels_in, 12, stride, dims)(torch.randn(4, channels_in, *small[:dims]))
            assert tiny.shape == (4, 12, *[-(-pixels // stride) for pixels in small[:dims]])
        x = torch.randn(4, channels_in, *size, requires_grad=True)
        module = as_if_trained(operator.build(channels_in, 12, stride, dims), x)
        output = module(x)
        assert output.shape == (4, 12, *[-(-pixels // stride) for pixels in size])
        assert torch.allclose(module(x[2:3]), output[2:3], atol=1e-5)
        assert torch.allclose(merge(module)(x), output, rtol=1e-5, atol=1e-5)
        if name != "none":
            output.square().sum().backward()
            assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in (x, *module.parameters()))


@pytest.mark.parametrize("name", ["none", "dist_l1_3x3"])  # which put the shape of their output together
def test_a_program_of_it_takes_batches_of_any_size(name: str) -> None:
    for dims in OPERATORS[name].dims:
        operator, size = OPERATORS[name].build(4, 4, 2, dims), (5, 4, 3)[:dims]
        any_batch = ({0: torch.export.Dim("batch", min=1)},)
        program = torch.export.export(operator.eval(), (torch.randn(2, 4, *size),), dynamic_shapes=any_batch)
        x = torch.randn(3, 4, *size)
        assert torch.allclose(program.module()(x), operator(x), atol=1e-6)


def test_it_says_for_which_maps_it_is_where_it_refuses_one(name: str) -> None:
    operator = OPERATORS[name]
    assert 2 in operator.dims
    for dims in {0, 1, 3, 4} - set(operator.dims):
        told = rf"^{type(operator).__name__}.* takes maps of {re.escape(str(operator.dims))} axes, not of {dims}.*$"
        with pytest.raises(UnsuitableMap, match=told):
            operator.build(12, 12, dims=dims)
        with pytest.raises(UnsuitableMap, match=told):
            operator.cost(12, 12, (8,) * dims)


@pytest.mark.parametrize(("stride", "channels_in"), PLAIN_AND_CHANGING)
def test_in_evaluation_an_image_does_not_depend_on_its_neighbours_in_the_batch(
    make: Callable[..., nn.Module], stride: int, channels_in: int
) -> None:
    batch_NCHW = torch.randn(4, channels_in, 7, 7)
    operator = as_if_trained(make(channels_in, 12, stride), batch_NCHW)
    alone_NCHW = operator(batch_NCHW[2:3])
    assert torch.allclose(operator(batch_NCHW)[2:3], alone_NCHW, atol=1e-5)


@pytest.mark.parametrize("stride", STRIDES)
def test_channels_last_changes_the_layout_and_not_the_values(make: Callable[..., nn.Module], stride: int) -> None:
    x_NCHW = torch.randn(2, 20, 7, 7)
    operator = as_if_trained(make(20, 12, stride), x_NCHW)
    expected_NCHW = operator(x_NCHW)
    operator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
    actual_NCHW = operator(x_NCHW.to(memory_format=torch.channels_last))
    assert torch.allclose(actual_NCHW, expected_NCHW, atol=2e-5)


@pytest.mark.parametrize(("stride", "channels_in"), PLAIN_AND_CHANGING)
def test_every_gradient_is_finite_and_the_input_is_left_alone(
    make: Callable[..., nn.Module], name: str, stride: int, channels_in: int
) -> None:
    operator = make(channels_in, 12, stride)
    x_NCHW = torch.randn(4, channels_in, 7, 7, requires_grad=True)
    before_NCHW = x_NCHW.detach().clone()
    output_NCHW = operator(x_NCHW)
    if name != "none":
        output_NCHW.square().sum().backward()
        assert x_NCHW.grad is not None
        assert torch.isfinite(x_NCHW.grad).all()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in operator.parameters())
    assert torch.equal(x_NCHW, before_NCHW)


def test_no_convolution_before_a_norm_has_a_bias(make: Callable[..., nn.Module]) -> None:
    assert all(pair[0].bias is None for pair in make(20, 12, 2).modules() if isinstance(pair, ConvNorm))
