"""What is worthless, told from a first sample."""

from __future__ import annotations

import numpy as np

from service.sampling.bounds import Bounds

LATENCIES = np.linspace(1, 11, 11)  # median 6, best tenth 2, a spread of 4
ERRORS = np.array([6, 7, 7, 8, 8, 9, 9, 10, 12, 30, 90])  # median 9, best tenth 7, a spread of 2


def test_a_cost_counts_beyond_the_worst_and_may_be_looked_at_by_its_logarithm_where_it_is_skewed() -> None:
    assert Bounds(LATENCIES[:, None]).reference[0] == np.float64(19) + 1e-9
    assert np.isneginf(Bounds(LATENCIES[:, None]).floors(LATENCIES[:, None])[0])
    skewed = np.append(LATENCIES[:-1], 30)[:, None]
    assert Bounds(skewed, costs=[0]).reference[0] > 30
    assert np.isfinite(Bounds(skewed, costs=[0]).floors(skewed)[0])


def test_quality_that_is_worse_than_the_median_counts_for_nothing() -> None:
    bounds = Bounds(ERRORS[:, None])
    assert bounds.reference[0] == 9
    assert 9 < bounds.ceiling[0] < 30


def test_quality_is_worth_something_that_is_better_than_the_median_of_what_keeps_the_limits() -> None:
    kept = ERRORS >= 10
    assert Bounds(ERRORS[:, None], feasible=kept).reference[0] == 21
    assert Bounds(ERRORS[:, None], feasible=kept).ceiling[0] == Bounds(ERRORS[:, None]).ceiling[0] + 12
    for as_before in (ERRORS <= 8, ERRORS < 0, ERRORS > 0):
        assert Bounds(ERRORS[:, None], feasible=as_before).reference[0] == 9


def test_quality_without_failures_is_quality_where_it_is_said_to_be() -> None:
    assert Bounds(LATENCIES[:, None], costs=[]).reference[0] == 6


def test_failures_are_no_cost_and_a_skewed_cost_is_no_failure() -> None:
    costs = np.array([8, 8, 9, 10, 12, 15, 18, 20, 22, 30, 45, 60, 80, 90.0])  # median 19, a spread of 11
    assert Bounds(costs[:, None]).reference[0] > 90


def test_the_floor_comes_closer_to_the_best_as_more_is_known() -> None:
    bounds = Bounds(ERRORS[:, None])
    assert bounds.floors(ERRORS[:, None])[0] == 2
    assert bounds.floors(np.array([[3.0]]))[0] == -1
    assert bounds.floors(np.full((80, 1), 5.0))[0] == 4


def test_a_first_sample_of_one_value_sets_no_scale() -> None:
    bounds = Bounds(np.ones((5, 1)))
    assert bounds.reference[0] > 1
    assert np.isneginf(bounds.floors(np.ones((5, 1)))[0])
