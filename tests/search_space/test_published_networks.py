"""The published networks have their published counts, by description and on the network itself."""

from __future__ import annotations

import pytest

from search_space.cost import cost
from search_space.genotype import Cell, Edge, Genotype
from search_space.network import Architecture
from search_space.published import published
from search_space.published_networks import published_networks
from tests.search_space.counted import agrees, counted

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
LARGE = [
    "nasnet-a imagenet 6@4032",
    "pnasnet-5 imagenet (4, 216)",
    "amoebanet-a imagenet (6, 190)",
    "amoebanet-a imagenet (6, 204)",
    "amoebanet-a imagenet (6, 448)",
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


def test_nasnet_as_its_papers_figure_draws_it_is_smaller_than_what_was_released() -> None:
    """The figure gives out neither the normal cell's older input nor the reduction's sum of max3 and sep7."""
    released, skeleton = published["nasnet-a"], published_networks["nasnet-a cifar 6@768"].skeleton
    assert (released.normal.outputs, released.reduction.outputs) == ((0, 2, 3, 4, 5, 6), (2, 3, 5, 6))
    drawn = Genotype(Cell(released.normal.edges, (2, 3, 4, 5, 6)), Cell(released.reduction.edges, (2, 5, 6)))
    assert cost(Architecture(drawn, skeleton)).params == 3_076_906
    assert len(drawn.normal.outputs) * 4 * skeleton.channels == 640


@pytest.mark.parametrize(
    ("name", "params"), [("amoebanet-a cifar (6, 36)", "2.83M"), ("amoebanet-a imagenet (6, 190)", "75.1M")]
)
def test_amoebanet_as_early_figures_draw_it_is_smaller_than_what_was_released(name: str, params: str) -> None:
    """They give out loose ends alone, and pool the older input where the released cell pools the newest twice."""
    released = published["amoebanet-a"]
    twice = Edge(1, 4, "max_pool_3x3")
    assert twice in released.normal.edges
    edges = tuple(Edge(0, 4, "max_pool_3x3") if edge == twice else edge for edge in released.normal.edges)
    drawn = Genotype(Cell(edges, (2, 3, 6)), Cell(released.reduction.edges, (2, 5, 6)))
    assert agrees(cost(Architecture(drawn, published_networks[name].skeleton)).params, params)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in LARGE else name for name in COUNTS]
)
def test_a_network_has_the_counts_of_its_description(name: str) -> None:
    architecture = published_networks[name]
    said = cost(architecture)
    assert counted(architecture.build, architecture.skeleton.input_shape) == (said.params, said.macs)
