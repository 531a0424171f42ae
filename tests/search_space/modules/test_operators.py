"""What the operators compute, against the plain way of writing it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.convolution import BottleneckConv, FactorizedConv, FactorizedReduction, ReLUConvBN
from search_space.modules.identity import Identity, SkipConnect
from search_space.modules.large_kernel import Band, InceptionDepthwise
from search_space.modules.pooling import AveragePool, MaxPool
from search_space.modules.separable import SeparableConv, ThinSeparableConv
from search_space.modules.shift import Shift


def weights(operator: nn.Module) -> list[Tensor]:
    return [p for p in operator.parameters() if p.ndim == 4]


def normalised(x_NCHW: Tensor) -> Tensor:
    return F.batch_norm(x_NCHW, None, None, training=True)


def whole(*shape: int) -> Tensor:
    """Whole numbers, whose products and sums are exact in whatever order."""
    return torch.randint(-8, 9, shape).float()


def test_a_separable_convolution_is_two_units_of_which_the_first_is_strided() -> None:
    operator = SeparableConv(4, 6, 2, kernel=3)
    depthwise_1, pointwise_1, depthwise_2, pointwise_2 = weights(operator)
    x_NCHW = torch.randn(2, 4, 9, 9)
    half_NCHW = normalised(F.conv2d(F.conv2d(F.relu(x_NCHW), depthwise_1, None, 2, 1, groups=4), pointwise_1))
    expected = normalised(F.conv2d(F.conv2d(F.relu(half_NCHW), depthwise_2, None, 1, 1, groups=6), pointwise_2))
    assert torch.allclose(operator(x_NCHW), expected, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_dilated_convolution_is_one_with_zeros_inserted_into_its_kernel(stride: int) -> None:
    operator = ReLUConvBN(4, 4, stride, kernel=3, dilation=2)
    (kernel,) = weights(operator)
    kernel.data = whole(4, 4, 3, 3)
    wide = torch.zeros(4, 4, 5, 5)
    wide[:, :, ::2, ::2] = kernel.detach()
    x_NCHW = whole(2, 4, 7, 8)
    expected_NCHW = F.conv2d(F.relu(x_NCHW), wide, None, stride, 2)
    assert torch.equal(operator[1].get_submodule("0")(operator[0](x_NCHW)), expected_NCHW)
    assert torch.allclose(operator(x_NCHW), normalised(expected_NCHW), atol=1e-5)


def test_a_factorised_convolution_strides_the_width_first_and_then_the_height() -> None:
    operator = FactorizedConv(4, 6, 2, kernel=7)
    row, column = weights(operator)
    x_NCHW = torch.randn(2, 4, 9, 8)
    rows_NCHW = F.conv2d(F.relu(x_NCHW), row, None, (1, 2), (0, 3))
    expected = normalised(F.conv2d(rows_NCHW, column, None, (2, 1), (3, 0)))
    assert torch.allclose(operator(x_NCHW), expected, atol=1e-5)


@pytest.mark.parametrize(("size", "channels"), [(7, 13), (8, 12), (1, 2)])
def test_a_factorised_reduction_sees_even_pixels_then_odd_ones_with_one_norm_over_both(
    size: int, channels: int
) -> None:
    reduction = FactorizedReduction(5, channels)
    even, odd = weights(reduction)
    assert (len(even), len(odd)) == (channels // 2, channels - channels // 2)
    x_NCHW = torch.randn(16, 5, size, size)
    padded_NCHW = F.pad(x_NCHW, (0, 1, 0, 1))
    halves = [F.conv2d(padded_NCHW[:, :, :size:2, :size:2], even), F.conv2d(padded_NCHW[:, :, 1::2, 1::2], odd)]
    assert torch.allclose(reduction(x_NCHW), normalised(torch.cat(halves, 1)), atol=1e-5)


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_an_average_pool_divides_by_the_pixels_that_are_there(stride: int, kernel: int) -> None:
    x_NCHW = whole(2, 4, 7, 8)
    ones = torch.ones(4, 1, kernel, kernel)
    sums_NCHW, counts_NCHW = (
        F.conv2d(each, ones, None, stride, kernel // 2, groups=4) for each in (x_NCHW, torch.ones_like(x_NCHW))
    )
    assert torch.equal(AveragePool(4, 4, stride, kernel=kernel)(x_NCHW), sums_NCHW / counts_NCHW)


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_a_max_pool_gives_back_pixels_and_may_trade_places_with_scales_and_relu(kernel: int) -> None:
    pool = MaxPool(4, 4, kernel=kernel)
    x_NCHW = torch.randn(2, 4, 7, 8)
    assert torch.isin(pool(x_NCHW), x_NCHW).all()
    assert torch.equal(pool(3 * x_NCHW), 3 * pool(x_NCHW))
    assert torch.equal(pool(F.relu(x_NCHW)), F.relu(pool(x_NCHW)))


@pytest.mark.parametrize(
    "make_plain", [lambda: Identity(8, 8), lambda: MaxPool(8, 8, 2, kernel=3), lambda: Shift(8, 8, 2)]
)
def test_what_is_parameter_free_has_no_parameters(make_plain: Callable[[], nn.Module]) -> None:
    assert not list(make_plain().parameters())


def test_an_identity_gives_back_the_very_same_tensor() -> None:
    x_NCHW = torch.randn(1, 8, 3, 3)
    assert Identity(8, 8)(x_NCHW) is x_NCHW


@pytest.mark.parametrize("channels", [4, 9, 20])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_shift_is_a_depthwise_convolution_with_one_hot_kernels(channels: int, stride: int) -> None:
    kernels = torch.zeros(channels, 1, 3, 3)
    for offset, group in enumerate(torch.arange(channels).tensor_split(9)):
        kernels[group, 0, offset // 3, offset % 3] = 1
    x_NCHW = torch.randn(2, channels, 7, 8)
    expected_NCHW = F.conv2d(x_NCHW, kernels, None, stride, 1, groups=channels)
    assert torch.equal(Shift(channels, channels, stride)(x_NCHW), expected_NCHW)


@pytest.mark.parametrize("stride", [1, 2])
def test_the_inception_mixer_is_one_masked_depthwise_convolution(stride: int) -> None:
    operator = InceptionDepthwise(16, 16, stride)
    square, row, column, pointwise = weights(operator)
    for own in operator[1].parameters():
        own.data = whole(*own.shape)
    kernel = torch.zeros(16, 1, 11, 11)
    kernel[:10, 0, 5, 5] = 1
    kernel[10:12, :, 4:7, 4:7] = square.detach()
    kernel[12:14, :, 5:6] = row.detach()
    kernel[14:16, :, :, 5:6] = column.detach()
    biases = torch.cat([torch.zeros(10), *(p for p in operator[1].parameters() if p.ndim == 1)])
    x_NCHW = whole(2, 16, 13, 14)
    mixed_NCHW = F.conv2d(F.relu(x_NCHW), kernel, biases, stride, 5, groups=16)
    assert torch.equal(operator[1](operator[0](x_NCHW)), mixed_NCHW)
    assert torch.allclose(operator(x_NCHW), normalised(F.conv2d(mixed_NCHW, pointwise)), atol=1e-5)


def test_a_bottleneck_is_four_units_of_relu_convolution_and_norm() -> None:
    operator = BottleneckConv(4, 8, 2, kernel=7, eighths=2)
    x_NCHW = torch.randn(2, 4, 9, 8)
    expected = x_NCHW
    plans: list[tuple[int | tuple[int, int], int | tuple[int, int]]]
    plans = [(1, 0), ((1, 2), (0, 3)), ((2, 1), (3, 0)), (1, 0)]
    for kernel, (stride, padding) in zip(weights(operator), plans, strict=True):
        expected = normalised(F.conv2d(F.relu(expected), kernel, None, stride, padding))
    assert [kernel.shape[0] for kernel in weights(operator)] == [2, 2, 2, 8]
    assert torch.allclose(operator(x_NCHW), expected, atol=1e-5)


def test_a_strided_skip_connection_is_a_relu_and_a_factorised_reduction() -> None:
    operator = SkipConnect(4, 6, 2)
    x_NCHW = torch.randn(2, 4, 8, 8)
    even, odd = weights(operator)
    halves = [F.conv2d(F.relu(x_NCHW)[:, :, ::2, ::2], even), F.conv2d(F.relu(x_NCHW)[:, :, 1::2, 1::2], odd)]
    assert torch.allclose(operator(x_NCHW), normalised(torch.cat(halves, 1)), atol=1e-5)


def test_a_skip_connection_gives_back_the_very_same_tensor() -> None:
    x_NCHW = torch.randn(1, 8, 3, 3)
    assert SkipConnect(8, 8)(x_NCHW) is x_NCHW


def test_an_even_kernel_sees_one_pixel_more_at_the_end_as_same_padding_does() -> None:
    operator = ThinSeparableConv(4, 4, height=1, width=16)
    thin, pointwise = weights(operator)
    x_NCHW = torch.randn(2, 4, 3, 20)
    mixed_NCHW = F.conv2d(F.pad(F.relu(x_NCHW), (7, 8)), thin, groups=4)
    assert torch.allclose(operator(x_NCHW), normalised(F.conv2d(mixed_NCHW, pointwise)), atol=1e-5)


@pytest.mark.parametrize("height_and_width", [(9, 8), (32, 33)])
def test_a_bias_between_a_row_and_a_column_changes_the_border_only_by_what_the_column_misses_there(
    height_and_width: tuple[int, int],
) -> None:
    row, column, bias = torch.randn(4, 1, 1, 5), torch.randn(4, 1, 5, 1), torch.randn(4)
    x_NCHW = torch.randn(2, 4, *height_and_width)
    pair_NCHW = F.conv2d(F.conv2d(x_NCHW, row, bias, 1, (0, 2), groups=4), column, None, 1, (2, 0), groups=4)
    square_NCHW = F.conv2d(x_NCHW, column * row, bias * column.sum((1, 2, 3)), 1, 2, groups=4)
    assert torch.allclose(pair_NCHW[:, :, 2:-2], square_NCHW[:, :, 2:-2], atol=1e-4)
    assert not torch.allclose(pair_NCHW, square_NCHW, atol=1e-2)


def test_a_band_is_one_depthwise_convolution_with_the_outer_product_of_its_kernels() -> None:
    operator = Band(6, 8, kernel=5)
    row, column, pointwise = weights(operator)
    x_NCHW = torch.randn(2, 6, 7, 8)
    mixed_NCHW = F.conv2d(F.relu(x_NCHW), column * row, None, 1, 2, groups=6)
    assert torch.allclose(operator(x_NCHW), normalised(F.conv2d(mixed_NCHW, pointwise)), atol=1e-4)
