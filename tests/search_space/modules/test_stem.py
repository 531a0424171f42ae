"""What comes before the cells, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.stem import DoubleStem, SingleStem
from tests.search_space.trained import as_if_trained


def conv_norms(module: nn.Module, x_NCHW: Tensor) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Its convolutions and their norms, which are in evaluation mode and at no default."""
    layers = list(as_if_trained(module, x_NCHW).modules())
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    return zip(convolutions, [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)], strict=True)


def test_the_double_stem_of_darts_is_three_strided_convolutions_with_relu_between() -> None:
    x_NCHW = torch.randn(4, 3, 21, 18)
    stem = DoubleStem(3, 8)
    (first, first_norm), (second, second_norm), (third, third_norm) = conv_norms(stem, x_NCHW)
    assert [layer.out_channels for layer in (first, second, third)] == [4, 8, 8]
    half_NCHW = first_norm(F.conv2d(x_NCHW, first.weight, None, 2, 1))
    older_NCHW = second_norm(F.conv2d(F.relu(half_NCHW), second.weight, None, 2, 1))
    newest_NCHW = third_norm(F.conv2d(F.relu(older_NCHW), third.weight, None, 2, 1))
    own_older, own_newest = stem(x_NCHW)
    assert torch.allclose(own_older, older_NCHW, atol=1e-5)
    assert torch.allclose(own_newest, newest_NCHW, atol=1e-5)


@pytest.mark.parametrize(("shrinks", "stride", "padding"), [(False, 1, 1), (True, 2, 0)])
def test_the_single_stem_is_one_convolution_without_relu(shrinks: bool, stride: int, padding: int) -> None:
    x_NCHW = torch.randn(4, 3, 11, 12)
    stem = SingleStem(3, 8, shrinks)
    ((convolution, norm),) = conv_norms(stem, x_NCHW)
    older_NCHW, newest_NCHW = stem(x_NCHW)
    assert older_NCHW is newest_NCHW
    assert torch.allclose(newest_NCHW, norm(F.conv2d(x_NCHW, convolution.weight, None, stride, padding)), atol=1e-5)
