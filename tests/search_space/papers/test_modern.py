"""ConvNeXts and InceptionNeXts of all sizes, from our operators, with their published counts."""

from __future__ import annotations

import pytest
from torch import nn

from search_space.modules.blocks import ConvNeXt
from search_space.modules.large_kernel import InceptionMixer
from search_space.modules.residual import ChannelNorm, Residual, ScaledConv
from tests.search_space.counted import agrees, counted

# The width of the first of four stages, each twice as wide as the one before, and their numbers of blocks.
SIZES = {"atto": (40, (2, 2, 6, 2)), "T": (96, (3, 3, 9, 3)), "S": (96, (3, 3, 27, 3)), "B": (128, (3, 3, 27, 3))}


def convnext(size: str) -> nn.Module:
    """Liu et al. 2022, arXiv 2201.03545."""
    width, depths = SIZES[size]
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 4), ChannelNorm(width)]
    for stage, depth in enumerate(depths):
        if stage:
            layers += [ChannelNorm(width), nn.Conv2d(width, 2 * width, 2, 2)]
            width *= 2
        layers += [ConvNeXt(width, width, kernel=7, expansion=4) for _ in range(depth)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), ChannelNorm(width), nn.Flatten(), nn.Linear(width, 1000))


def inception_next(size: str) -> nn.Module:
    """Yu et al. 2023, arXiv 2303.16900; the smallest one mixes more channels, with shorter bands."""
    width, depths = SIZES[size]
    ratio, band = (1 / 4, 9) if size == "atto" else (1 / 8, 11)
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 4), nn.BatchNorm2d(width)]
    for stage, depth in enumerate(depths):
        if stage:
            layers += [nn.BatchNorm2d(width), nn.Conv2d(width, 2 * width, 2, 2)]
            width *= 2
        hidden = (3 if stage == 3 else 4) * width
        for _ in range(depth):
            mixer = InceptionMixer(width, 1, ratio=ratio, band=band, square=3)
            mlp = [nn.Conv2d(width, hidden, 1), nn.GELU(), ScaledConv(hidden, width, 1e-6)]
            layers.append(Residual(width, width, 1, mixer, nn.BatchNorm2d(width), *mlp))
    head = [nn.Linear(width, 3 * width), nn.GELU(), nn.LayerNorm(3 * width), nn.Linear(3 * width, 1000)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *head)


@pytest.mark.parametrize(
    ("size", "params", "macs"),
    [
        ("atto", 3_695_520, 547_332_480),
        ("T", 28_589_128, 4_455_531_264),
        ("S", 50_223_688, 8_683_712_256),
        ("B", 88_591_464, 15_354_729_472),
    ],
)
def test_convnext_has_its_published_counts(size: str, params: int, macs: int) -> None:
    assert counted(lambda: convnext(size), (3, 224, 224)) == (params, macs)


@pytest.mark.parametrize(
    ("size", "params", "macs"),
    [
        ("atto", 4_156_520, 503_035_040),
        ("T", 28_055_680, 4_188_634_272),
        ("S", 49_374_016, "8.356G"),
        ("B", 86_672_136, "14.841G"),
    ],
)
def test_inception_next_has_its_published_counts(size: str, params: int, macs: int | str) -> None:
    found = counted(lambda: inception_next(size), (3, 224, 224))
    assert found[0] == params
    assert agrees(found[1], macs)
