"""Laws of fronts, against their definitions spelled out."""

from __future__ import annotations

import random

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.front import Losses, additions, alike, grown, hypervolume, hypervolumes, knee, nondominated

loss = st.integers(-6, 6).map(float)


def clouds(objectives: int) -> st.SearchStrategy[list[Losses]]:
    return st.lists(st.tuples(*[loss] * objectives), max_size=30)


any_cloud = st.integers(1, 4).flatmap(clouds)


def beats(one: Losses, other: Losses) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


@given(any_cloud)
def test_a_point_is_kept_if_and_only_if_no_other_beats_it(points: list[Losses]) -> None:
    expected = [index for index, point in enumerate(points) if not any(beats(other, point) for other in points)]
    assert nondominated(points) == expected


@given(clouds(3), st.tuples(loss, loss, loss))
def test_the_hypervolume_is_the_number_of_unit_cubes_that_a_point_covers(points: list[Losses], corner: Losses) -> None:
    cubes = [(a, b, c) for a in range(-6, 7) for b in range(-6, 7) for c in range(-6, 7)]
    covered = sum(
        all(low < high for low, high in zip(cube, corner, strict=True))
        and any(all(p <= q for p, q in zip(point, cube, strict=True)) for point in points)
        for cube in cubes
    )
    assert hypervolume(points, corner) == pytest.approx(covered)


@given(any_cloud.filter(bool), st.randoms(use_true_random=False))
def test_more_points_never_cover_less_in_any_order(points: list[Losses], rng: random.Random) -> None:
    corner = (7.0,) * len(points[0])
    shuffled = rng.sample(points, len(points))
    assert hypervolume(shuffled, corner) == pytest.approx(hypervolume(points, corner))
    assert hypervolume(points[1:], corner) <= hypervolume(points, corner) + 1e-9


def test_what_is_not_better_than_the_reference_covers_nothing() -> None:
    assert hypervolume([(2.0, 0.0), (0.0, 2.0), (2.0, 2.0)], (2.0, 2.0)) == 0
    assert hypervolume([], (2.0, 2.0)) == 0


def test_the_knee_is_the_point_farthest_from_the_line_between_the_ends() -> None:
    assert knee([(0.0, 100.0), (0.1, 10.0), (0.5, 8.0), (1.0, 0.0)]) == 1


def test_a_front_of_two_has_no_knee() -> None:
    assert knee([]) is None
    assert knee([(0.0, 1.0), (1.0, 0.0)]) is None


def test_a_front_of_one_objective_has_no_knee() -> None:
    assert knee([(0.5,), (0.5,), (0.5,)]) is None


@pytest.mark.parametrize(
    "front",
    [
        [(0.0, 1.0), (0.6, 0.8), (1.0, 0.0)],  # concave
        [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)],
        [(0.1 * step, 0.3 * (10 - step)) for step in range(11)],  # straight but for rounding
        [(0.0, 1.0), (0.0, 1.0), (1.0, 0.0)],
        [(0.4, 0.2)] * 3,
    ],
)
def test_of_two_objectives_an_end_is_no_knee(front: list[Losses]) -> None:
    assert knee(front) is None


def test_a_knee_lies_below_the_line_between_the_ends_even_where_others_lie_above() -> None:
    assert knee([(0.0, 1.0), (0.3, 0.9), (0.7, 0.25), (1.0, 0.0)]) == 2


def test_of_three_objectives_the_least_sum_of_scaled_losses_is_the_knee() -> None:
    assert knee([(0.0, 2.0, 2.0), (2.0, 0.0, 1.0), (1.0, 2.0, 0.0)]) == 1


@given(clouds(2), st.integers(-8, 8), st.integers(-10, 10))
def test_the_knee_does_not_depend_on_units(points: list[Losses], exponent: int, offset: int) -> None:
    # A power of two keeps the scaled losses exact.
    scaled = [(a * 2.0**exponent, b + offset) for a, b in points]
    assert knee(scaled) == knee(points)


@given(any_cloud)
def test_what_is_covered_is_known_after_every_point(points: list[Losses]) -> None:
    corner = (4.0,) * len(points[0]) if points else (4.0,)
    each = [hypervolume(points[: count + 1], corner) for count in range(len(points))]
    losses = np.array(points, dtype=float).reshape(-1, len(corner))
    assert hypervolumes(losses, corner) == pytest.approx(each)


@given(any_cloud)
def test_a_front_grows_with_every_point_that_none_before_is_as_good_as(points: list[Losses]) -> None:
    objectives = len(points[0]) if points else 1
    told = additions(np.array(points, dtype=float).reshape(-1, objectives))
    assert told.tolist() == [index for index, point in enumerate(points) if grown(front_of(points[:index]), point)]


def front_of(points: list[Losses]) -> list[Losses]:
    return [points[index] for index in nondominated(points)]


def test_a_front_of_many_points_grows_beyond_those_that_are_compared_at_once() -> None:
    chance = np.random.default_rng(0)
    points = chance.random((3000, 3))
    told = additions(points)
    assert told[-1] > 1000
    whole = {index for index, keep in enumerate(moocore.is_nondominated(points)) if keep}
    assert whole <= set(told.tolist())


def test_points_are_alike_where_their_intervals_overlap_in_every_objective() -> None:
    wide, sure = (0.0, 10.0), (1.0, 1.0)
    assert alike([[wide, (0.0, 1.0)], [wide, (1.5, 2.0)]]) == [[], []]
    assert alike([[wide, (0.0, 1.0)], [sure, (1.0, 2.0)]]) == [[1], [0]]
    assert alike([[sure], [(2.0, 2.0)], [sure]]) == [[2], [], [0]]
    assert alike([]) == []
