"""HaloNets and SpaRTANs from our operators, with their published counts."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from search_space.modules.attention import HaloAttention
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.convolution import ReLUConvBN
from search_space.modules.mixers import SpatialMixer, WaveMixer
from tests.search_space.counted import agrees, counted


class Bottleneck(nn.Module):
    """1x1, `middle`, 1x1, norm with each, beside a shortcut; ReLU after the sum."""

    def __init__(self, channels_in: int, channels: int, width: int, stride: int, middle: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(ConvNorm(channels_in, width), middle, ReLUConvBN(width, channels))
        changes = stride != 1 or channels_in != channels
        self.shortcut = ConvNorm(channels_in, channels, stride=stride) if changes else nn.Identity()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return torch.relu(self.layers(x_NCHW) + self.shortcut(x_NCHW))


class HaloNet(NamedTuple):
    """For each block of each stage how many heads it has, or "c" for a convolution. Blocks are `narrower` inside."""

    stages: str
    channels: int
    narrower: int
    halo: int
    stem: tuple[int, ...]

    def middle(self, kind: str, width: int, stride: int) -> nn.Module:
        """What stands in the middle of a block: a 3x3 convolution or halo attention, after ReLU and with a norm."""
        if kind == "c":
            return ReLUConvBN(width, width, stride, kernel=3)
        attention = HaloAttention(width, width, stride, block=8, halo=self.halo, head_width=width // int(kind))
        return nn.Sequential(nn.ReLU(), attention, nn.BatchNorm2d(width))

    def build(self) -> nn.Module:
        """Vaswani et al. 2021, arXiv 2103.12731, as timm builds it."""
        layers: list[nn.Module] = []
        channels_in, channels, kernel = 3, self.channels, 3 if len(self.stem) > 1 else 7
        for number, width in enumerate(self.stem):
            layers += [ConvNorm(channels_in, width, kernel, 1 if number else 2, kernel // 2), nn.ReLU()]
            channels_in = width
        layers.append(nn.MaxPool2d(3, 2, 1))
        for stage, blocks in enumerate(self.stages.split()):
            channels = self.channels * 2**stage
            for number, kind in enumerate(blocks):
                stride, width = 2 if stage and number == 0 else 1, channels // self.narrower
                layers.append(Bottleneck(channels_in, channels, width, stride, self.middle(kind, width, stride)))
                channels_in = channels
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


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


def spatial(width: int, *, dense: bool) -> SpatialMixer:
    """Ours, which are the grouped ones of the later stages, but without the norm that a cell wants at the end.

    The earlier stages have dense convolutions, of which no operator of ours is made.
    """
    mixer, half = SpatialMixer(width, width), width // 2
    setattr(mixer, "join", nn.Conv2d(width, width, 1))  # noqa: B010 - it is another kind of layer
    if dense:
        mixer.near[0] = ConvNorm(half, half, 3, 1, 1)
        mixer.far[0] = nn.Conv2d(half, half, 3, 1, 2, 2, bias=False)
        mixer.far[1] = ConvNorm(half, half, 3, 1, 2, 2)
    return mixer


def waves(width: int, expansion: int, *, dense: bool) -> WaveMixer:
    """Ours, but without the norm that a cell wants at the end; in the earlier stages it keeps all channels apart."""
    mixer, wide = WaveMixer(width, width, expansion=expansion), expansion * width
    mixer.project[-1] = nn.Conv2d(wide, width, 1)
    if dense:
        mixer.project[0] = ConvNorm(wide, wide, 3, 1, 1, groups=wide)
    return mixer


def spartan(expansions: tuple[int, ...]) -> nn.Module:
    """The T of Pay et al. 2025, arXiv 2507.10999, as in its released code."""
    layers: list[nn.Module] = [ConvNorm(3, 16, 3, 2, 1), nn.GELU(), ConvNorm(16, 32, 3, 2, 1), nn.GELU()]
    for stage, (depth, width, expansion) in enumerate(zip((3, 3, 12, 2), (32, 64, 128, 256), expansions, strict=True)):
        if stage:
            layers += [ConvNorm(width // 2, width, 2, 2), nn.SiLU()]
        for _ in range(depth):
            layers.append(Mixing(width, spatial(width, dense=stage < 2)))
            layers.append(Mixing(width, waves(width, expansion, dense=stage < 2)))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 1000))


@pytest.mark.parametrize(
    ("network", "params", "macs"),
    [
        (HaloNet("888 888 8888888888 888", 64, 1, 3, (64,)), 8_100_056, 2_125_975_552),
        (HaloNet("cc cc c8 88", 256, 4, 2, (24, 32, 64)), 12_480_288, 3_129_032_704),
        (HaloNet("ccc ccc4 c8c8c8 c8c", 256, 4, 3, (24, 32, 64)), 22_733_280, None),
    ],
    ids=["H1", "26t", "50ts"],
)
def test_halonet_has_its_published_counts(network: HaloNet, params: int, macs: int | None) -> None:
    found = counted(network.build, (3, 256, 256))
    assert found[0] == params
    assert agrees(found[1], macs)


@pytest.mark.parametrize(
    ("expansions", "params", "macs"), [((4, 4, 2, 2), 3_820_296, 799_589_888), ((8, 8, 4, 4), "6.59M", None)]
)
def test_spartan_has_its_published_counts(expansions: tuple[int, ...], params: int | str, macs: int | None) -> None:
    found = counted(lambda: spartan(expansions), (3, 224, 224))
    assert agrees(found[0], params)
    assert agrees(found[1], macs)
