"""ConvNeXt-T and InceptionNeXt-T from our operators, with their published counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn

from search_space.modules.blocks import ConvNeXt
from search_space.modules.large_kernel import InceptionMixer
from search_space.modules.residual import ChannelNorm, Residual, ScaledConv
from tests.search_space.counted import counted

DEPTHS, WIDTHS = (3, 3, 9, 3), (96, 192, 384, 768)


def convnext_t() -> nn.Module:
    """Liu et al. 2022, arXiv 2201.03545."""
    layers: list[nn.Module] = [nn.Conv2d(3, 96, 4, 4), ChannelNorm(96)]
    for stage, (depth, width) in enumerate(zip(DEPTHS, WIDTHS, strict=True)):
        if stage:
            layers += [ChannelNorm(WIDTHS[stage - 1]), nn.Conv2d(WIDTHS[stage - 1], width, 2, 2)]
        layers += [ConvNeXt(width, width, kernel=7, expansion=4) for _ in range(depth)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), ChannelNorm(768), nn.Flatten(), nn.Linear(768, 1000))


def inception_next_t() -> nn.Module:
    """Yu et al. 2023, arXiv 2303.16900."""
    layers: list[nn.Module] = [nn.Conv2d(3, 96, 4, 4), nn.BatchNorm2d(96)]
    for stage, (depth, width) in enumerate(zip(DEPTHS, WIDTHS, strict=True)):
        if stage:
            layers += [nn.BatchNorm2d(WIDTHS[stage - 1]), nn.Conv2d(WIDTHS[stage - 1], width, 2, 2)]
        hidden = (3 if stage == 3 else 4) * width
        for _ in range(depth):
            mixer = InceptionMixer(width, 1, ratio=1 / 8, band=11, square=3)
            mlp = [nn.Conv2d(width, hidden, 1), nn.GELU(), ScaledConv(hidden, width, 1e-6)]
            layers.append(Residual(width, width, 1, mixer, nn.BatchNorm2d(width), *mlp))
    head = [nn.Linear(768, 3 * 768), nn.GELU(), nn.LayerNorm(3 * 768), nn.Linear(3 * 768, 1000)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *head)


@pytest.mark.parametrize(
    ("build", "params", "macs"),
    [(convnext_t, 28_589_128, 4_455_531_264), (inception_next_t, 28_055_680, 4_188_634_272)],
)
def test_a_modern_network_has_its_published_counts(build: Callable[[], nn.Module], params: int, macs: int) -> None:
    assert counted(build, (3, 224, 224)) == (params, macs)
