"""HaloNet-H1 and SpaRTAN-T from our operators, with their published counts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from search_space.modules.attention import HaloAttention
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.mixers import SpatialMixer, SqueezeExcite, WaveMixer
from tests.search_space.counted import counted


class Attending(nn.Module):
    """1x1, halo attention with 8 heads, 1x1, norm with each, beside a shortcut; ReLU after the sum."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ConvNorm(channels_in, channels),
            nn.ReLU(),
            HaloAttention(channels, channels, stride, block=8, halo=3, head_width=channels // 8),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            ConvNorm(channels, channels),
        )
        changes = stride != 1 or channels_in != channels
        self.shortcut = ConvNorm(channels_in, channels, stride=stride) if changes else nn.Identity()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return torch.relu(self.layers(x_NCHW) + self.shortcut(x_NCHW))


def halonet_h1() -> nn.Module:
    """Vaswani et al. 2021, arXiv 2103.12731, as timm builds it."""
    layers: list[nn.Module] = [ConvNorm(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels_in = 64
    for stage, (depth, width) in enumerate(((3, 64), (3, 128), (10, 256), (3, 512))):
        for number in range(depth):
            layers.append(Attending(channels_in, width, 2 if stage and number == 0 else 1))
            channels_in = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


class Mixing(nn.Module):
    """A normed, scaled mixer beside its input."""

    def __init__(self, width: int, mixer: nn.Module) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.mixer = mixer
        self.scale = nn.Parameter(torch.full((width, 1, 1), 1e-5))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        mixed_NCHW: Tensor = x_NCHW + self.scale * self.mixer(self.norm(x_NCHW))
        return mixed_NCHW


def spatial(width: int, groups: int) -> SpatialMixer:
    """Ours, with other groups, a far view without a bias, and a bias in place of the norm at its end."""
    mixer, half = SpatialMixer(width, width), width // 2
    mixer.near[0] = ConvNorm(half, half, 3, 1, 1, groups=groups)
    mixer.far[0] = nn.Conv2d(half, half, 3, 1, 2, 2, groups, bias=False)
    mixer.far[1] = ConvNorm(half, half, 3, 1, 2, 2, groups)
    setattr(mixer, "join", nn.Conv2d(width, width, 1))  # noqa: B010 - it is another kind of layer
    return mixer


def waves(width: int, expansion: int, groups: int) -> WaveMixer:
    """Ours, with other groups, a narrower squeeze, and a bias in place of the norm at its end."""
    mixer, wide = WaveMixer(width, width, expansion=expansion), expansion * width
    excite = SqueezeExcite(wide)
    excite.scales[1], excite.scales[3] = nn.Conv2d(wide, width // 4, 1), nn.Conv2d(width // 4, wide, 1)
    mixer.project = nn.Sequential(
        ConvNorm(wide, wide, 3, 1, 1, groups=groups), nn.GELU(), excite, nn.Conv2d(wide, width, 1)
    )
    return mixer


def spartan_t() -> nn.Module:
    """Pay et al. 2025, arXiv 2507.10999, and its released code."""
    layers: list[nn.Module] = [ConvNorm(3, 16, 3, 2, 1), nn.GELU(), ConvNorm(16, 32, 3, 2, 1), nn.GELU()]
    for stage, (depth, width, expansion) in enumerate(((3, 32, 4), (3, 64, 4), (12, 128, 2), (2, 256, 2))):
        if stage:
            layers += [ConvNorm(width // 2, width, 2, 2), nn.SiLU()]
        for _ in range(depth):
            layers.append(Mixing(width, spatial(width, 1 if stage < 2 else width // 2)))
            layers.append(Mixing(width, waves(width, expansion, expansion * width if stage < 2 else width)))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 1000))


def test_halonet_h1_has_its_published_counts() -> None:
    assert counted(halonet_h1, (3, 256, 256)) == (8_100_056, 2_125_975_552)


def test_spartan_t_has_its_published_counts() -> None:
    assert counted(spartan_t, (3, 224, 224)) == (3_820_296, 799_589_888)
