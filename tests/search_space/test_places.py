"""The plumbing between cells is that of NASNet's released code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_space.places import Face, Place, PreparationKind, places_of
from search_space.skeleton import Skeleton, skeletons


def places(name: str, **changes: Any) -> tuple[Place, ...]:
    return places_of(replace(skeletons[name], **changes), Face((0, 1), 6), Face((0, 1), 4))


def test_cifar_reduces_before_the_seventh_and_the_thirteenth_normal_cell() -> None:
    cells = places("cifar")
    assert [index for index, place in enumerate(cells) if place.cell == "reduction"] == [6, 13]
    assert [cells[index].channels for index in (0, 6, 12, 13, 19)] == [32, 64, 64, 128, 128]
    assert [cells[index].size for index in (0, 6, 13)] == [(32, 32), (16, 16), (8, 8)]


def test_the_first_cell_takes_the_stem_as_older_input_as_it_is() -> None:
    first = places("cifar")[0]
    assert first.older.kind is PreparationKind.UNTOUCHED
    assert first.width_of(0) == 96
    assert [(unit.kind, unit.channels) for unit in first.newest] == [(PreparationKind.POINTWISE, 32)]


def test_imagenet_begins_with_two_reduction_cells_at_a_quarter_and_half_of_the_width() -> None:
    cells = places("imagenet-mobile")
    assert [(place.cell, place.channels, place.size) for place in cells[:3]] == [
        ("reduction", 11, (56, 56)),
        ("reduction", 22, (28, 28)),
        ("normal", 44, (28, 28)),
    ]


@pytest.mark.parametrize(("skip", "channels"), [(False, 6 * 16), (True, 16)])
def test_after_a_reduction_the_older_input_is_what_the_reduction_read_or_the_one_before(
    skip: bool, channels: int
) -> None:
    cells = places("tiny", skip_reduction_input=skip)
    assert [place.cell for place in cells[:3]] == ["normal", "reduction", "normal"]
    older = cells[2].older
    assert (older.kind, older.channels_in, older.size_in) == (PreparationKind.FACTORIZED, channels, (8, 8))


def test_an_output_of_another_size_or_width_is_adapted_without_relu() -> None:
    first, second, *_, reduction = places("cifar")[:7]
    assert (first.output(0).kind, first.output(0).relu) == (PreparationKind.POINTWISE, False)
    assert (reduction.output(1).kind, reduction.output(1).relu) == (PreparationKind.FACTORIZED, False)
    assert [second.output(node).kind for node in (0, 1, 2)] == [PreparationKind.UNTOUCHED] * 3


def test_only_what_comes_from_outside_a_reduction_cell_is_still_to_be_reduced() -> None:
    normal, reduction = places("tiny")[:2]
    assert [normal.stride_from(node) for node in (0, 1, 2)] == [1, 1, 1]
    assert [reduction.stride_from(node) for node in (0, 1, 2)] == [2, 2, 1]


@given(
    st.builds(
        Skeleton,
        input_shape=st.tuples(st.integers(1, 3), st.integers(19, 40), st.integers(19, 40)),
        classes=st.integers(1, 5),
        channels=st.integers(16, 21),
        cells_per_stage=st.integers(1, 3),
        stages=st.integers(1, 3),
        stem=st.sampled_from(["tiny", "cifar", "imagenet", "imagenet-darts"]),
        skip_reduction_input=st.booleans(),
        older_input=st.sampled_from(["raw-first", "fitted", "prepared"]),
        newest_units=st.integers(1, 2),
    ),
    st.integers(1, 6),
    st.integers(1, 6),
)
def test_every_cell_gets_and_gives_the_shapes_it_should(skeleton: Skeleton, normal: int, reduction: int) -> None:
    newest = (skeleton.stem_width, skeleton.stem_size)
    for place in places_of(skeleton, Face((0, 1), normal), Face((0, 1), reduction)):
        assert (place.newest[0].channels_in, place.newest[0].size_in) == newest
        assert {unit.size for unit in place.newest} == {place.older.size} == {place.size_in}
        for node in range(3):
            assert (place.output(node).channels, place.output(node).size) == (place.channels, place.size)
        newest = (place.channels * (normal if place.cell == "normal" else reduction), place.size)
