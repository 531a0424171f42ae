"""The one number a channel, against its formula."""

from __future__ import annotations

import pytest
import torch

from search_space.modules.global_pool import GlobalPool


@pytest.mark.parametrize(("kind", "expected"), [("average", 3.0), ("max", 5.0), ("gem", (153 / 3) ** (1 / 3))])
def test_a_global_pool_of_1_and_3_and_5(kind: str, expected: float) -> None:
    maps_NCHW = torch.tensor([1.0, 3.0, 5.0]).view(1, 1, 1, 3)
    assert GlobalPool(kind)(maps_NCHW).item() == pytest.approx(expected)


def test_the_exponent_of_gem_is_learned_and_what_is_negative_counts_as_nothing() -> None:
    gem = GlobalPool("gem")
    torch.nn.init.constant_(gem.get_parameter("exponent"), 2.0)
    maps_NCHW = torch.tensor([[3.0, 4.0], [-7.0, 4.0]]).view(1, 2, 1, 2)
    expected = torch.tensor([[12.5**0.5, 8**0.5]])
    assert torch.allclose(gem(maps_NCHW), expected)
