"""The second classifier, layer by layer."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from search_space.modules.auxiliary import AuxiliaryHead
from tests.search_space.trained import as_if_trained


@pytest.mark.parametrize("last_norm", [True, False])
@pytest.mark.parametrize("pool_stride", [2, 3])
def test_an_auxiliary_head_pools_averages_and_goes_through_two_convolutions_and_a_linear_layer(
    pool_stride: int, last_norm: bool
) -> None:
    x_NCHW = torch.randn(8, 4, 9, 12)
    head = as_if_trained(AuxiliaryHead(4, 3, (9, 12), pool_stride, (6, 7), last_norm), x_NCHW)
    _, _, narrow, _, whole, _, _, linear = head
    narrowed_NCHW = narrow.get_submodule("1")(
        F.conv2d(F.avg_pool2d(F.relu(x_NCHW), 5, pool_stride), narrow.get_parameter("0.weight"))
    )
    kernel = whole.get_parameter("0.weight" if last_norm else "weight")
    left_NCHW = F.conv2d(F.relu(narrowed_NCHW), kernel)
    assert left_NCHW.shape == (8, 7, 1, 1)
    if last_norm:
        left_NCHW = whole.get_submodule("1")(left_NCHW)
    expected_NK = F.linear(F.relu(left_NCHW).flatten(1), linear.get_parameter("weight"), linear.get_parameter("bias"))
    assert torch.allclose(head(x_NCHW), expected_NK, atol=1e-5)
