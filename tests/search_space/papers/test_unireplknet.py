"""UniRepLKNet-A in its inference form, with our merged large kernels and its published counts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from search_space.merge import merge
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.dilated_rep import DilatedRep
from search_space.modules.mixers import SqueezeExcite
from search_space.modules.residual import ChannelNorm, Residual
from tests.search_space.counted import counted

WIDTHS, DEPTHS = (40, 80, 160, 320), (2, 2, 6, 2)


class ResponseNorm(nn.Module):
    """Global response norm; its shift is in the bias of the layer after it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        norms = x_NCHW.norm(dim=(2, 3), keepdim=True)
        y_NCHW: Tensor = x_NCHW + self.scale * x_NCHW * norms / (norms.mean(1, keepdim=True) + 1e-6)
        return y_NCHW


def block(width: int, kernel: int) -> nn.Module:
    depthwise = ConvNorm(width, width, 3, 1, 1, groups=width) if kernel == 3 else DilatedRep(width, 1, kernel=kernel)
    mlp = [nn.Conv2d(width, 4 * width, 1), nn.GELU(), ResponseNorm(4 * width), nn.Conv2d(4 * width, width, 1)]
    return Residual(width, width, 1, merge(depthwise), SqueezeExcite(width), *mlp)


def unireplknet_a() -> nn.Module:
    """Zhang et al. 2024, arXiv 2410.08049: kernels 3 in the first stage and 13 in the others."""
    layers: list[nn.Module] = [
        *(nn.Conv2d(3, 20, 3, 2, 1), ChannelNorm(20), nn.GELU()),
        *(nn.Conv2d(20, 40, 3, 2, 1), ChannelNorm(40)),
    ]
    for stage, (depth, width) in enumerate(zip(DEPTHS, WIDTHS, strict=True)):
        if stage:
            layers += [nn.Conv2d(WIDTHS[stage - 1], width, 3, 2, 1), ChannelNorm(width)]
        layers += [block(width, 13 if stage else 3) for _ in range(depth)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), ChannelNorm(320), nn.Flatten(), nn.Linear(320, 1000))


def test_unireplknet_a_has_its_published_counts() -> None:
    assert counted(unireplknet_a, (3, 224, 224)) == (4_437_300, 639_843_520)
