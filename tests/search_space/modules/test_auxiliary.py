"""The second classifier, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from search_space.modules.auxiliary import AuxiliaryHead
from tests.search_space.trained import as_if_trained

POOLS: Mapping[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
CONVOLUTIONS: Mapping[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


@pytest.mark.parametrize("size", [(12,), (9, 12), (5, 8, 6)])
@pytest.mark.parametrize("last_norm", [True, False])
@pytest.mark.parametrize("pool_stride", [2, 3])
def test_an_auxiliary_head_pools_averages_and_goes_through_two_convolutions_and_a_linear_layer(
    pool_stride: int, last_norm: bool, size: tuple[int, ...]
) -> None:
    x = torch.randn(8, 4, *size)
    head = as_if_trained(AuxiliaryHead(4, 3, size, pool_stride, (6, 7), last_norm), x)
    pool, convolution = POOLS[len(size)], CONVOLUTIONS[len(size)]
    _, _, narrow, _, whole, _, _, linear = head
    pooled = pool(F.relu(x), 5, pool_stride)
    narrowed = narrow.get_submodule("1")(convolution(pooled, narrow.get_parameter("0.weight")))
    left = convolution(F.relu(narrowed), whole.get_parameter("0.weight" if last_norm else "weight"))
    assert left.shape == (8, 7, *[1] * len(size))
    if last_norm:
        left = whole.get_submodule("1")(left)
    expected_NK = F.linear(F.relu(left).flatten(1), linear.get_parameter("weight"), linear.get_parameter("bias"))
    assert torch.allclose(head(x), expected_NK, atol=1e-5)
