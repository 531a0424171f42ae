"""Expected improvement: exact, for any number of objectives."""

from __future__ import annotations

import moocore
import numpy as np
import pytest

from service.sampling.improvement import expected_improvement

rng = np.random.default_rng(0)


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_it_is_the_mean_gain_in_hypervolume_of_what_a_point_may_turn_out_to_be(objectives: int) -> None:
    front = rng.random((4, objectives))
    reference = np.full(objectives, 1.1)
    mean, deviation = np.full(objectives, 0.4), np.full(objectives, 0.2)
    before = moocore.hypervolume(front, ref=reference)
    gains = []
    for point in rng.normal(mean, deviation, (8000, objectives)):
        inside = np.vstack([front, np.minimum(point, reference)])
        gains.append(moocore.hypervolume(inside, ref=reference) - before)
    expected = expected_improvement(mean[None], deviation[None], front, reference)[0]
    assert expected == pytest.approx(np.mean(gains), abs=4 * np.std(gains) / np.sqrt(len(gains)))


def test_without_a_front_everything_better_than_the_reference_is_gained() -> None:
    gain = expected_improvement(np.array([[0.0, 0.0]]), np.full((1, 2), 1e-9), np.empty((0, 2)), np.array([2.0, 3.0]))
    assert gain[0] == pytest.approx(6)


def test_a_point_that_is_surely_dominated_gains_nothing() -> None:
    gain = expected_improvement(np.array([[0.5, 0.5]]), np.full((1, 2), 1e-9), np.array([[0.4, 0.4]]), np.ones(2))
    assert gain[0] == pytest.approx(0)


def test_what_is_normal_by_its_logarithm_gains_what_it_may_turn_out_to_be() -> None:
    floor, reference, front = 2.0, np.array([6.0, 3.0]), np.array([[4.0, 1.0]])
    logarithms, others = rng.normal(0.8, 0.5, 40_000), rng.normal(1.2, 0.4, 40_000)
    values = floor + np.exp(logarithms)
    own = np.maximum(6 - values, 0) * np.maximum(3 - others, 0)
    shared = np.maximum(6 - np.maximum(values, 4), 0) * np.maximum(3 - np.maximum(others, 1), 0)
    expected = expected_improvement(
        np.array([[0.8, 1.2]]), np.array([[0.5, 0.4]]), front, reference, np.array([floor, -np.inf])
    )[0]
    assert expected == pytest.approx(np.mean(own - shared), rel=0.02)
