"""EEGNet for signals and SimpleNet, a plain chain, with their published counts."""

from __future__ import annotations

import pytest
from torch import nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.separable import ThinSeparableConv
from tests.search_space.counted import agrees, counted

# Hasanpour et al. 2016, arXiv 1608.06037: widths, P for a pool, k1 where a kernel is 1x1.
SIMPLENET_5M = "64 128 128 128 P 128 128 256 P 256 256 P 512 2048k1 256k1 P 256"
SIMPLENET_IMAGENET = "64 128 128 128 128 128 P 256 256 256 512 P 2048k1 256k1 256"
SIMPLENET_IMAGENET_9M = "128 192 192 192 192 192 P 320 320 320 640 P 2560k1 320k1 320"


def eegnet(electrodes: int, samples: int, classes: int, kernel: int, filters: int = 8, depth: int = 2) -> nn.Module:
    """Lawhern et al. 2018, arXiv 1611.08024: (N, 1, electrodes, samples) -> (N, classes)."""
    width = filters * depth
    _, *separable = ThinSeparableConv(width, width, height=1, width=16)  # its ReLU is an ELU here, before the pool
    return nn.Sequential(
        nn.ZeroPad2d(((kernel - 1) // 2, kernel // 2, 0, 0)),
        ConvNorm(1, filters, (1, kernel)),
        ConvNorm(filters, width, (electrodes, 1), groups=filters),
        nn.ELU(),
        nn.AvgPool2d((1, 4)),
        *separable,
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


def simplenet(layers: str, scale: float = 1.0, strided: tuple[int, ...] = ()) -> nn.Module:
    """Its convolutions have biases, before the norms too; those whose number is among `strided` have stride 2."""
    built: list[nn.Module] = []
    channels_in = channels = 3
    for number, word in enumerate(layers.split()):
        if word == "P":
            built.append(nn.MaxPool2d(2))
            continue
        width, _, pointwise = word.partition("k")
        kernel, channels = 1 if pointwise else 3, round(scale * int(width))
        convolution = nn.Conv2d(channels_in, channels, kernel, 2 if number in strided else 1, kernel // 2)
        built += [convolution, nn.BatchNorm2d(channels), nn.ReLU()]
        channels_in = channels
    classes = 1000 if strided else 10
    return nn.Sequential(*built, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


@pytest.mark.parametrize(
    ("layers", "params", "macs"),
    [
        (SIMPLENET_5M, 5_498_378, 652_151_296),
        (SIMPLENET_5M.replace("512", "512 P"), 5_498_378, "631.5M"),  # with the pool that its port had too many
        ("64 32 32 32 P 32 32 64 P 64 64 P 128 256k1 64k1 P 64", 312_362, None),
        ("32 32 32 64 P 64 64 64 P 64 64 P 96 96k1 96k1 P 100", 385_790, None),  # the one that is called 460k
    ],
    ids=["5M", "5M, one pool more", "310k", "460k"],
)
def test_simplenet_has_its_published_counts(layers: str, params: int, macs: int | str | None) -> None:
    found = counted(lambda: simplenet(layers), (3, 32, 32))
    assert found[0] == params
    assert agrees(found[1], macs)


@pytest.mark.parametrize(
    ("layers", "scale", "params", "macs"),
    [
        (SIMPLENET_IMAGENET, 0.5, 1_506_792, ("340.9M", "427.6M")),
        (SIMPLENET_IMAGENET, 0.75, 3_287_272, None),
        (SIMPLENET_IMAGENET, 1, 5_752_808, ("1.342G", "1.689G")),
        (SIMPLENET_IMAGENET_9M, 1, 9_508_968, ("2.774G", "3.555G")),
    ],
)
def test_simplenet_for_imagenet_has_its_published_counts(
    layers: str, scale: float, params: int, macs: tuple[str, str] | None
) -> None:
    for strided, wanted in zip(((0, 1, 2), (0, 1, 3)), macs or (None, None), strict=True):
        found = counted(lambda: simplenet(layers, scale, strided), (3, 224, 224))  # noqa: B023 - called at once
        assert found[0] == params
        assert agrees(found[1], wanted)
