"""The plumbing between cells is that of NASNet's released code."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_space.genotype import Genotype
from search_space.layout import layout_of
from search_space.places import Place, PreparationKind, places_of
from search_space.published import published
from search_space.skeleton import Skeleton, skeletons
from tests.search_space.strategies import genotypes


def places(name: str, **changes: int | bool) -> tuple[Place, ...]:
    return places_of(replace(skeletons[name], **changes), 6, 4)


def test_cifar_reduces_before_the_seventh_and_the_thirteenth_normal_cell() -> None:
    cells = places("cifar")
    assert [index for index, place in enumerate(cells) if place.cell == "reduction"] == [6, 13]
    assert [cells[index].channels for index in (0, 6, 12, 13, 19)] == [32, 64, 64, 128, 128]
    assert [cells[index].size for index in (0, 6, 13)] == [(32, 32), (16, 16), (8, 8)]


def test_the_first_cell_reads_the_stem_twice_and_leaves_the_older_one_as_it_is() -> None:
    first = places("cifar")[0]
    assert first.reads == (0, 0)
    assert first.older.kind is PreparationKind.UNTOUCHED
    assert first.width_of(0) == 96
    assert (first.newest.kind, first.newest.channels) == (PreparationKind.POINTWISE, 32)


def test_imagenet_begins_with_two_reduction_cells_at_a_quarter_and_half_of_the_width() -> None:
    cells = places("imagenet-mobile")
    assert [(place.cell, place.channels, place.size) for place in cells[:3]] == [
        ("reduction", 11, (56, 56)),
        ("reduction", 22, (28, 28)),
        ("normal", 44, (28, 28)),
    ]


@pytest.mark.parametrize(("skip", "older"), [(False, 2), (True, 1)])
def test_after_a_reduction_the_older_input_is_what_the_reduction_read_or_the_one_before(skip: bool, older: int) -> None:
    cells = places("cifar", cells_per_stage=2, skip_reduction_input=skip)
    assert [place.reads for place in cells[:4]] == [(0, 0), (0, 1), (1, 2), (older, 3)]
    assert cells[3].older.kind is PreparationKind.FACTORIZED


def test_an_output_of_another_size_or_width_is_adapted_without_relu() -> None:
    layout = layout_of(published["nasnet-a"], skeletons["cifar"])
    first, second = layout.cells[0].outputs[0], layout.cells[7].outputs[0]
    assert (first.node, first.preparation.kind, first.preparation.relu) == (0, PreparationKind.POINTWISE, False)
    assert (second.node, second.preparation.kind) == (0, PreparationKind.UNTOUCHED)


def test_only_operators_on_inputs_of_a_reduction_cell_have_stride_two() -> None:
    layout = layout_of(published["nasnet-a"], skeletons["tiny"])
    for cell in layout.cells:
        for node in cell.nodes:
            for edge in node.edges:
                assert edge.stride == (2 if cell.place.cell == "reduction" and edge.source < 2 else 1)


def test_the_head_reads_six_states_of_nasnet_a() -> None:
    assert layout_of(published["nasnet-a"], skeletons["cifar"]).features == 768


@given(
    genotypes(),
    st.builds(
        Skeleton,
        input_shape=st.tuples(st.integers(1, 3), st.integers(19, 40), st.integers(19, 40)),
        classes=st.integers(1, 5),
        channels=st.integers(16, 21),
        cells_per_stage=st.integers(1, 3),
        stages=st.integers(1, 3),
        stem=st.sampled_from(["tiny", "cifar", "imagenet"]),
        skip_reduction_input=st.booleans(),
    ),
)
def test_every_reader_gets_the_shape_it_expects(genotype: Genotype, skeleton: Skeleton) -> None:
    layout = layout_of(genotype, skeleton)
    shapes = [(layout.stem.channels, layout.stem.size)]
    for cell in layout.cells:
        place = cell.place
        for read, prepared in zip(place.reads, (place.older, place.newest), strict=True):
            assert shapes[read] == (prepared.channels_in, prepared.size_in)
            assert prepared.size == place.size_in
        for output in cell.outputs:
            assert (output.preparation.channels, output.preparation.size) == (place.channels, place.size)
        shapes.append((place.channels * len(cell.outputs), place.size))
    assert layout.features == shapes[-1][0]
