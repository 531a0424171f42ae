"""The cost model gives the published counts, from descriptions alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given

from search_space.cost import Cost, cost
from search_space.counting import batch_norm, convolution, linear, pointwise_norm
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.layout import layout_of
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.places import Preparation, PreparationKind
from search_space.published import published
from search_space.skeleton import Skeleton, skeletons
from tests.search_space.strategies import genotypes


@pytest.mark.parametrize(
    ("skeleton", "params", "macs"),
    [
        (skeletons["cifar"], 3_346_538, 544_333_312),
        (skeletons["imagenet-mobile"], 5_289_978, 563_638_816),
        (skeletons["imagenet-large"], 88_753_150, 23_783_414_658),
        (replace(skeletons["cifar"], cells_per_stage=2), 1_294_698, 232_185_344),
    ],
)
def test_nasnet_a_has_its_published_counts(skeleton: Skeleton, params: int, macs: int) -> None:
    found = cost(Architecture(published["nasnet-a"], skeleton))
    assert (found.params, found.macs) == (params, macs)


def of_preparation(preparation: Preparation) -> Cost:
    if preparation.kind is PreparationKind.UNTOUCHED:
        return Cost()
    return pointwise_norm(preparation.channels_in, preparation.channels, preparation.size)


@given(genotypes())
def test_an_architecture_costs_what_the_layers_of_its_layout_cost(genotype: Genotype) -> None:
    skeleton = replace(skeletons["tiny"], input_shape=(3, 9, 7), cells_per_stage=2)
    layout = layout_of(genotype, skeleton)
    stem = layout.stem
    total = convolution(stem.channels_in, stem.channels, (3, 3), stem.size_in, stem.size) + batch_norm(stem.channels)
    for cell in layout.cells:
        place = cell.place
        total += of_preparation(place.older) + of_preparation(place.newest)
        for node in cell.nodes:
            for edge in node.edges:
                size = place.size_of(edge.source)
                total += OPERATORS[edge.operator].cost(edge.channels_in, edge.channels, size, edge.stride)
            total += of_preparation(node.join) if node.join else Cost()
        for output in cell.outputs:
            total += of_preparation(output.preparation)
    total += linear(layout.features, layout.classes)
    found = cost(Architecture(genotype, skeleton))
    assert (found.params, found.macs) == (total.params, total.macs)
    assert found.bytes_moved >= total.bytes_moved / 2


def test_an_architecture_with_an_unknown_operator_is_refused() -> None:
    cell = Cell((Edge(0, 2, "warp_drive"),), outputs=(2,))
    with pytest.raises(InvalidGenotype, match="warp_drive"):
        Architecture(Genotype(cell, cell), skeletons["tiny"])


def test_costs_and_layouts_need_no_torch() -> None:
    program = (
        "import sys, random\n"
        "from search_space.cost import cost\n"
        "from search_space.network import Architecture\n"
        "from search_space.presets import spaces\n"
        "from search_space.skeleton import skeletons\n"
        "architecture = Architecture(spaces['nasnet'].sample(random.Random(0)), skeletons['tiny'])\n"
        "cost(architecture), architecture.layout\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
