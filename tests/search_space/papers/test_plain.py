"""EEGNet for signals and SimpleNet, a plain chain, with their published counts."""

from __future__ import annotations

import pytest
from torch import nn

from search_space.modules.conv_norm import ConvNorm
from tests.search_space.counted import counted

# Hasanpour et al. 2016, arXiv 1608.06037, for CIFAR-10: widths, P for a pool, and 1 where a kernel is 1x1.
SIMPLENET_5M = "64 128 128 128 P 128 128 256 P 256 256 P 512 2048k1 256k1 P 256"


def eegnet(electrodes: int, samples: int, classes: int, kernel: int, filters: int = 8, depth: int = 2) -> nn.Module:
    """Lawhern et al. 2018, arXiv 1611.08024: (N, 1, electrodes, samples) -> (N, classes)."""
    width = filters * depth
    return nn.Sequential(
        nn.ZeroPad2d(((kernel - 1) // 2, kernel // 2, 0, 0)),
        ConvNorm(1, filters, (1, kernel)),
        ConvNorm(filters, width, (electrodes, 1), groups=filters),
        nn.ELU(),
        nn.AvgPool2d((1, 4)),
        nn.ZeroPad2d((7, 8, 0, 0)),
        nn.Conv2d(width, width, (1, 16), groups=width, bias=False),
        ConvNorm(width, width),
        nn.ELU(),
        nn.AvgPool2d((1, 8)),
        nn.Flatten(),
        nn.Linear(width * (samples // 4 // 8), classes),
    )


@pytest.mark.parametrize(
    ("shape", "params"),
    [
        ((64, 128, 2, 64), 2_258),
        ((64, 192, 2, 64), 2_322),
        ((22, 256, 4, 32), 1_716),
        ((64, 128, 4, 64), 2_388),
    ],
)
def test_eegnet_has_its_published_parameters(shape: tuple[int, int, int, int], params: int) -> None:
    assert counted(lambda: eegnet(*shape), (1, *shape[:2]))[0] == params


@pytest.mark.parametrize(
    ("shape", "params"), [((64, 128, 2, 64), 1_066), ((64, 192, 2, 64), 1_098), ((22, 256, 4, 32), 796)]
)
def test_eegnet_with_half_the_filters_has_its_published_parameters(
    shape: tuple[int, int, int, int], params: int
) -> None:
    assert counted(lambda: eegnet(*shape, filters=4), (1, *shape[:2]))[0] == params


def simplenet() -> nn.Module:
    """Its convolutions have biases, before the norms too."""
    layers: list[nn.Module] = []
    channels_in = 3
    for word in SIMPLENET_5M.split():
        if word == "P":
            layers.append(nn.MaxPool2d(2))
            continue
        width, _, pointwise = word.partition("k")
        kernel = 1 if pointwise else 3
        layers += [nn.Conv2d(channels_in, int(width), kernel, 1, kernel // 2), nn.BatchNorm2d(int(width)), nn.ReLU()]
        channels_in = int(width)
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels_in, 10))


def test_simplenet_has_its_published_counts() -> None:
    assert counted(simplenet, (3, 32, 32)) == (5_498_378, 652_151_296)
