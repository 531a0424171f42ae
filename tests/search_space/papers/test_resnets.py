"""ResNets and what the papers of IBN-Net and PfLayer make of them, from our parts, with their published counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.convolution import ReLUConvBN
from search_space.modules.norms import InstanceBatchNorm, instance_norm
from search_space.modules.pooling import PoolSandwich
from tests.search_space.counted import agrees, counted

Layers = Callable[[int, int, int], nn.Module]


class Bottleneck(nn.Module):
    """Layers that narrow and widen beside a shortcut; ReLU after the sum, which a ReLU before it then leaves alone."""

    def __init__(self, channels_in: int, width: int, stride: int, layers: nn.Module) -> None:
        super().__init__()
        channels = 4 * width
        self.layers = layers
        changes = stride != 1 or channels_in != channels
        self.shortcut = ConvNorm(channels_in, channels, stride=stride) if changes else nn.Identity()
        self.after: nn.Module = nn.Identity()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        y_NCHW: Tensor = torch.relu(self.after(self.layers(x_NCHW) + self.shortcut(x_NCHW)))
        return y_NCHW


def convolved(channels_in: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        ReLUConvBN(channels_in, width),
        ReLUConvBN(width, width, stride, kernel=3),
        ReLUConvBN(width, 4 * width),
    )


def convolved_with_ibn_a(channels_in: int, width: int, stride: int) -> nn.Module:
    layers = convolved(channels_in, width, stride)
    layers[0] = nn.Sequential(nn.ReLU(), nn.Conv2d(channels_in, width, 1, bias=False), InstanceBatchNorm(width))
    return layers


def pooled(channels_in: int, width: int, stride: int) -> nn.Module:
    return PoolSandwich(channels_in, 4 * width, stride, kernel=3)


def pooled_but_convolved_where_strided(channels_in: int, width: int, stride: int) -> nn.Module:
    """PfLayer's hybrid: where it strides, an average pool and a convolution."""
    if stride == 1:
        return pooled(channels_in, width, stride)
    narrow, *rest = convolved(channels_in, width, 1)
    return nn.Sequential(narrow, nn.ReLU(), nn.AvgPool2d(2), *rest)


def resnet(depths: tuple[int, ...] = (3, 4, 6, 3), layers: Layers = convolved, ibn: str = "") -> nn.Sequential:
    stem_norm = instance_norm(64, 2) if ibn == "b" else nn.BatchNorm2d(64)
    built: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), stem_norm, nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels_in = 64
    for stage, blocks in enumerate(depths):
        width = 64 * 2**stage
        of_stage = convolved_with_ibn_a if ibn == "a" and stage < 3 else layers
        for number in range(blocks):
            stride = 2 if stage and number == 0 else 1
            block = Bottleneck(channels_in, width, stride, of_stage(channels_in, width, stride))
            if ibn == "b" and stage < 2 and number == blocks - 1:
                block.after = instance_norm(4 * width, 2)
            built.append(block)
            channels_in = 4 * width
    return nn.Sequential(*built, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels_in, 1000))


class Basic(nn.Module):
    """Two 3x3 convolutions, each with a norm, beside a shortcut; ReLU after the sum. IBN-a in the first norm."""

    def __init__(self, channels_in: int, width: int, stride: int, *, ibn: bool) -> None:
        super().__init__()
        norm = InstanceBatchNorm(width) if ibn else nn.BatchNorm2d(width)
        first = nn.Sequential(nn.Conv2d(channels_in, width, 3, stride, 1, bias=False), norm)
        self.layers = nn.Sequential(first, ReLUConvBN(width, width, kernel=3))
        changes = stride != 1 or channels_in != width
        self.shortcut = ConvNorm(channels_in, width, stride=stride) if changes else nn.Identity()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return torch.relu(self.layers(x_NCHW) + self.shortcut(x_NCHW))


def resnet_18() -> nn.Module:
    """With IBN-a in all stages but the last."""
    layers: list[nn.Module] = [ConvNorm(3, 64, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    for stage, (channels_in, width) in enumerate(((64, 64), (64, 128), (128, 256), (256, 512))):
        layers.append(Basic(channels_in, width, 2 if stage else 1, ibn=stage < 3))
        layers.append(Basic(width, width, 1, ibn=stage < 3))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


@pytest.mark.parametrize(
    ("build", "params", "macs"),
    [
        (lambda: resnet(), 25_557_032, 4_089_184_256),
        # Pan et al. 2018, arXiv 1807.09441: as many as without, and 2 (256 + 512) more
        (lambda: resnet(ibn="a"), 25_557_032, 4_089_184_256),
        (lambda: resnet(ibn="b"), 25_558_568, 4_089_184_256),
        (lambda: resnet((3, 4, 23, 3), ibn="a"), 44_549_160, None),
        (lambda: resnet_18(), 11_689_512, None),
        # Han et al. 2022, arXiv 2202.02777: 14.2M and 2.2G, 17.3M and 2.6G
        (lambda: resnet(layers=pooled), 14_232_232, 2_239_496_192),
        (lambda: resnet(layers=pooled_but_convolved_where_strided), 17_330_600, 2_586_312_704),
    ],
)
def test_a_residual_network_has_its_published_counts(
    build: Callable[[], nn.Module], params: int, macs: int | None
) -> None:
    found = counted(build, (3, 224, 224))
    assert found[0] == params
    assert agrees(found[1], macs)
