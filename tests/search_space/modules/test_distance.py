"""Distances from learned patches, against their definitions."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from search_space.modules.distance import DistanceL1, DistanceL2, RadialBasis

X_NCHW = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(0))


# An image, a signal and a volume; of two pixels, too.
MAPS = [X_NCHW, X_NCHW[..., 0], X_NCHW[..., None, :4], X_NCHW[:, :, :2, 0]]


def differences(x: Tensor, patches: Tensor, stride: int) -> Tensor:
    """Of every patch of x, padded with zeros, from every learned one: (N, channels, rows, columns, numbers)."""
    dims = x.ndim - 2
    seen = F.pad(x, (1, 1) * dims)
    for axis in range(2, x.ndim):
        seen = seen.unfold(axis, 3, stride)
    # (N, C, places..., kernel...) -> (N, 1, places..., numbers)
    seen = seen.movedim(1, dims + 1).flatten(dims + 1)[:, None]
    return seen - patches.view(len(patches), *[1] * dims, -1)


@pytest.mark.parametrize("x", MAPS)
@pytest.mark.parametrize("stride", [1, 2])
def test_the_weighted_squared_distance_is_two_convolutions(stride: int, x: Tensor) -> None:
    operator = DistanceL2(3, 4, stride, kernel=3, dims=x.ndim - 2)
    operator.raw_weights.data.normal_()
    weights = F.softplus(operator.raw_weights).view(4, *[1] * (x.ndim - 2), -1)
    expected = -(weights * differences(x, operator.patches, stride).square()).sum(-1)
    assert torch.allclose(operator.similarities(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("x", MAPS)
@pytest.mark.parametrize("stride", [1, 2])
def test_the_absolute_distance_is_a_sum_of_absolute_differences(stride: int, x: Tensor) -> None:
    operator = DistanceL1(3, 4, stride, kernel=3, dims=x.ndim - 2)
    expected = -differences(x, operator.patches, stride).abs().sum(-1)
    assert torch.allclose(operator.similarities(x), expected, atol=1e-4)


@pytest.mark.parametrize("made", [DistanceL1, DistanceL2])
def test_a_patch_is_no_distance_from_itself_and_some_from_all_others(made: type[DistanceL1 | DistanceL2]) -> None:
    operator = made(3, 1, kernel=3)
    operator.patches.data[0] = X_NCHW[0, :, 2:5, 1:4]
    similarities = operator.similarities(X_NCHW)[0, 0]
    assert similarities[3, 2].abs() < 1e-5
    assert (similarities < 1e-5).all()
    assert similarities.argmax() == 3 * 5 + 2


def test_a_radial_basis_is_a_gaussian_of_the_distance_and_1_at_its_patch() -> None:
    operator = RadialBasis(3, 4, 1, kernel=3)
    operator.patches.data[0] = X_NCHW[0, :, 2:5, 1:4]
    sharpness = F.softplus(operator.raw_sharpness)
    expected = torch.exp(-sharpness * differences(X_NCHW, operator.patches, 1).square().sum(-1))
    found = operator(X_NCHW)
    assert torch.allclose(found, expected, atol=1e-5)
    assert 0 < found.min() <= found.max() <= 1
    assert torch.isclose(found[0, 0, 3, 2], torch.tensor(1.0))


@pytest.mark.parametrize("x", MAPS)
@pytest.mark.parametrize("stride", [1, 2])
def test_a_radial_basis_is_for_maps_of_any_axes(stride: int, x: Tensor) -> None:
    operator = RadialBasis(3, 4, stride, kernel=3, dims=x.ndim - 2)
    expected = torch.exp(
        -F.softplus(operator.raw_sharpness) * differences(x, operator.patches, stride).square().sum(-1)
    )
    assert torch.allclose(operator(x), expected, atol=1e-5)
