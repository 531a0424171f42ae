"""Layers that see each pixel by itself, or put its channels side by side, against the convolutions that they are."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from search_space.modules.residual import (
    ChannelsLastConv,
    PixelConv,
    PixelGELU,
    ScaledConv,
    SignalPixelConv,
    VolumePixelConv,
)

LAYOUTS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pixel_convolution_is_a_convolution_and_takes_the_weights_of_one(layout: torch.memory_format) -> None:
    convolution, pixels = nn.Conv2d(6, 10, 1), PixelConv(6, 10)
    pixels.load_state_dict(convolution.state_dict())
    x_NCHW = torch.randn(3, 6, 5, 7).contiguous(memory_format=layout)
    assert torch.allclose(pixels(x_NCHW), convolution(x_NCHW), atol=1e-6)


@pytest.mark.parametrize(
    ("convolution", "made", "size"), [(nn.Conv1d, SignalPixelConv, (5,)), (nn.Conv3d, VolumePixelConv, (5, 7, 2))]
)
def test_so_it_is_for_signals_and_volumes(
    convolution: type[nn.Module], made: type[nn.Module], size: tuple[int, ...]
) -> None:
    plain, pixels = convolution(6, 10, 1), made(6, 10)
    pixels.load_state_dict(plain.state_dict())
    x = torch.randn(3, 6, *size)
    assert torch.allclose(pixels(x), plain(x), atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_convolution_of_channels_side_by_side_is_a_convolution_and_leaves_them_so(
    layout: torch.memory_format, stride: int
) -> None:
    plain, side_by_side = (made(6, 6, 5, stride, 2, groups=6) for made in (nn.Conv2d, ChannelsLastConv))
    side_by_side.load_state_dict(plain.state_dict())
    x_NCHW = torch.randn(3, 6, 9, 7).contiguous(memory_format=layout)
    y_NCHW = side_by_side(x_NCHW)
    assert torch.allclose(y_NCHW, plain(x_NCHW), atol=1e-6)
    assert y_NCHW.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gelu_by_pixels_is_gelu(layout: torch.memory_format) -> None:
    x_NCHW = torch.randn(3, 6, 5, 7).contiguous(memory_format=layout)
    assert torch.allclose(PixelGELU()(x_NCHW), F.gelu(x_NCHW), atol=1e-6)


def test_a_scaled_convolution_multiplies_each_channel_by_its_own_scale() -> None:
    scaled = ScaledConv(6, 4, 1.0)
    scaled.scale.data = torch.tensor([0.5, 1.0, 2.0, -3.0])[:, None, None]
    x_NCHW = torch.randn(2, 6, 5, 7)
    expected_NCHW = scaled.scale * F.conv2d(x_NCHW, scaled.conv.weight, scaled.conv.bias)
    assert torch.allclose(scaled(x_NCHW), expected_NCHW, atol=1e-6)
