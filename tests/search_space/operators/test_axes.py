"""What an operator does to signals and volumes, against what it does to images."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from search_space.operators import OPERATORS
from tests.search_space.trained import as_if_trained

# A shift has other groups for each number of axes, attention looks at what is outside the map, and a Gaussian is spread
# over the added axis too.
OTHERS = ("shift_3x3", "halo", "dcls_17_26_gauss")
NAMES = [name for name, operator in OPERATORS.items() if len(operator.dims) > 1 and name not in OTHERS]


@pytest.mark.parametrize(
    ("name", "stride"), [(name, stride) for name in NAMES for stride in (1, 2) if (name, stride) != ("skip_connect", 2)]
)
def test_a_signal_is_an_image_of_one_row_and_an_image_a_volume_of_one_slice(name: str, stride: int) -> None:
    torch.manual_seed(0)
    for dims in OPERATORS[name].dims[:-1]:
        x = torch.randn(4, 8, *(8, 7)[:dims])
        fewer, more = (OPERATORS[name].build(8, 8, stride, axes) for axes in (dims, dims + 1))
        with torch.no_grad():
            for own in fewer.parameters():  # some begin too small, or too much alike, to show a fault
                own.add_(0.3 * torch.randn_like(own))
        as_if_trained(fewer, x)
        for own, other in zip(fewer.state_dict().values(), more.state_dict().values(), strict=True):
            other.copy_(with_one_more_axis(own, other, dims))
        with torch.no_grad():
            assert torch.allclose(more.eval()(x.unsqueeze(2)).squeeze(2), fewer(x), rtol=1e-3, atol=1e-4)


def with_one_more_axis(own: Tensor, other: Tensor, dims: int) -> Tensor:
    """The tensor in the shape of the other: a kernel is zero but in the middle, positions are 0 along the new axis."""
    wide = torch.zeros_like(other)
    if own.shape == other.shape:
        wide.copy_(own)
    elif own.ndim == other.ndim:
        wide[:dims] = own
    else:
        axis = own.ndim - dims
        wide.select(axis, other.shape[axis] // 2).copy_(own)
    return wide
