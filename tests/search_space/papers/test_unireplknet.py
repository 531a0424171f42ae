"""UniRepLKNets in their inference form, with our merged large kernels and their published counts."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from search_space.merge import merge
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.dilated_rep import DilatedRep
from search_space.modules.mixers import SqueezeExcite
from search_space.modules.residual import ChannelNorm, Residual
from tests.search_space.counted import agrees, counted

# The width of the first of four stages, each twice as wide as the one before, and their numbers of blocks.
SIZES = {
    "A": (40, (2, 2, 6, 2)),
    "F": (48, (2, 2, 6, 2)),
    "P": (64, (2, 2, 6, 2)),
    "N": (80, (2, 2, 8, 2)),
    "T": (80, (3, 3, 18, 3)),
    "S": (96, (3, 3, 27, 3)),
}
# The kernels of the third stage, which take turns; 13 in the smaller ones.
TURNS = {"T": (13, 3), "S": (13, 3, 3)}


class ResponseNorm(nn.Module):
    """Global response norm, without its shift: merged, that is in the bias of the layer after it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        norms = x_NCHW.norm(dim=(2, 3), keepdim=True)
        y_NCHW: Tensor = x_NCHW + self.scale * x_NCHW * norms / (norms.mean(1, keepdim=True) + 1e-6)
        return y_NCHW


class LayerScale(nn.Module):
    """Scales each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels, 1, 1), 1e-6))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return self.scale * x_NCHW


class Shift(nn.Module):
    """Adds a number to each channel: the shift of a response norm in its training form."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return x_NCHW + self.shift


def block(width: int, kernel: int, *, merged: bool) -> nn.Module:
    """Merged as our operators are; in training with a norm more after the kernel, and one at the end, which scales."""
    depthwise = ConvNorm(width, width, 3, 1, 1, groups=width) if kernel == 3 else DilatedRep(width, 1, kernel=kernel)
    widen = [nn.Conv2d(width, 4 * width, 1), nn.GELU(), ResponseNorm(4 * width)]
    if merged:
        narrow: list[nn.Module] = [nn.Conv2d(4 * width, width, 1)]
        return Residual(width, width, 1, merge(depthwise), SqueezeExcite(width, width // 4), *widen, *narrow)
    after = [] if kernel == 3 else [nn.BatchNorm2d(width)]
    narrow = [Shift(4 * width), ConvNorm(4 * width, width), LayerScale(width)]
    return Residual(width, width, 1, depthwise, *after, SqueezeExcite(width, width // 4), *widen, *narrow)


def unireplknet(size: str, *, merged: bool = True) -> nn.Module:
    """Zhang et al. 2024, arXiv 2410.08049: kernels 3 in the first stage, and mostly 13 in the others."""
    width, depths = SIZES[size]
    turns = TURNS.get(size, (13,))
    layers: list[nn.Module] = [
        *(nn.Conv2d(3, width // 2, 3, 2, 1), ChannelNorm(width // 2), nn.GELU()),
        *(nn.Conv2d(width // 2, width, 3, 2, 1), ChannelNorm(width)),
    ]
    for stage, depth in enumerate(depths):
        if stage:
            layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), ChannelNorm(2 * width)]
            width *= 2
        kernels = [(3,), (13,), turns, (13,)][stage]
        layers += [block(width, kernels[number % len(kernels)], merged=merged) for number in range(depth)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), ChannelNorm(width), nn.Flatten(), nn.Linear(width, 1000))


@pytest.mark.parametrize(
    ("size", "params", "macs"),
    [
        ("A", 4_437_300, 639_843_520),
        ("F", 6_235_216, "905M"),
        ("P", 10_741_704, "1.573G"),
        ("N", 18_318_560, "2.767G"),
        ("T", 31_037_980, "4.899G"),
        ("S", 55_645_984, "9.094G"),
    ],
)
def test_unireplknet_has_its_published_counts(size: str, params: int, macs: int | str) -> None:
    found = counted(lambda: unireplknet(size), (3, 224, 224))
    assert found[0] == params
    assert agrees(found[1], macs)


def test_its_training_form_has_its_published_count_too() -> None:
    assert counted(lambda: unireplknet("T", merged=False), (3, 224, 224))[0] == 31_693_420
