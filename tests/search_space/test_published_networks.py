"""The published networks have their published counts, by description and on the network itself."""

from __future__ import annotations

import pytest

from search_space.cost import cost
from search_space.published_networks import published_networks
from tests.search_space.counted import counted

# Parameters without the statistics of batch norm, and MACs of convolutions and linear layers, where they are known.
COUNTS = {
    "nasnet-a cifar 6@768": (3_346_538, 544_333_312),
    "nasnet-a imagenet 4@1056": (5_289_978, 563_638_816),
    "nasnet-a imagenet 6@4032": (88_753_150, 23_783_414_658),
    "pnasnet-5 imagenet (3, 54)": (5_064_487, 587_293_200),
    "pnasnet-5 imagenet (4, 216)": (86_057_668, 24_937_395_792),
    "amoebanet-a cifar (6, 32)": (2_567_754, None),
    "amoebanet-a cifar (6, 36)": (3_218_266, None),
    "amoebanet-a imagenet (4, 50)": (5_086_930, 554_687_204),
    "amoebanet-a imagenet (6, 190)": (86_718_797, 23_133_663_507),
    "amoebanet-a imagenet (6, 204)": (99_625_282, None),
    "amoebanet-a imagenet (6, 448)": (468_151_184, None),
    "enas cifar 15 cells": (3_894_372, None),
    "enas cifar 18 cells": (4_587_372, None),
    "darts-v1 cifar": (3_169_414, None),
    "darts-v2 cifar": (3_349_342, None),
    "darts-v2 imagenet": (4_718_752, 529_911_552),
    "pc-darts-cifar cifar": (3_634_678, None),
    "pc-darts-imagenet imagenet": (5_342_464, 581_627_328),
}
BUILT = [
    name for name in COUNTS if "cifar" in name or "imagenet (3" in name or "imagenet (4, 50" in name or "darts" in name
]


def test_every_published_network_has_a_count_here() -> None:
    assert set(COUNTS) == set(published_networks)


@pytest.mark.parametrize("name", COUNTS)
def test_a_description_costs_what_was_published(name: str) -> None:
    params, macs = COUNTS[name]
    found = cost(published_networks[name])
    assert found.params == params
    assert macs in (None, found.macs)


# As some papers count: with mean and variance of batch norm, of which there are as many as of scales and shifts.
@pytest.mark.parametrize(
    ("name", "with_statistics"),
    [
        ("nasnet-a cifar 6@768", 3_383_786),
        ("nasnet-a imagenet 4@1056", 5_326_716),
        ("nasnet-a imagenet 6@4032", 88_949_818),
    ],
)
def test_published_counts_that_hold_statistics_too_follow(name: str, with_statistics: int) -> None:
    found = cost(published_networks[name])
    assert found.params + found.norm_params == with_statistics


@pytest.mark.parametrize("name", BUILT)
def test_a_network_has_the_counts_of_its_description(name: str) -> None:
    architecture = published_networks[name]
    said = cost(architecture)
    assert counted(architecture.build, architecture.skeleton.input_shape) == (said.params, said.macs)
