"""What is worthless, told from a first sample."""

from __future__ import annotations

import numpy as np

from service.sampling.bounds import Bounds

LATENCIES = np.linspace(1, 11, 11)  # median 6, best tenth 2, a spread of 4
ERRORS = np.array([6, 7, 7, 8, 8, 9, 9, 10, 12, 30, 90])  # median 9, best tenth 7, a spread of 2


def test_what_has_no_failures_counts_beyond_the_worst_and_as_it_is() -> None:
    bounds = Bounds(LATENCIES[:, None])
    assert bounds.reference[0] == np.float64(15) + 1e-9
    assert np.isneginf(bounds.floors(LATENCIES[:, None])[0])


def test_failures_do_not_widen_what_counts() -> None:
    bounds = Bounds(ERRORS[:, None])
    assert bounds.reference[0] == 11
    assert 11 < bounds.ceiling[0] < 30


def test_losses_are_above_their_floor_also_when_they_improve() -> None:
    bounds = Bounds(ERRORS[:, None])
    assert bounds.floors(ERRORS[:, None])[0] == 2
    assert bounds.floors(np.array([[3.0]]))[0] == -1


def test_a_first_sample_of_one_value_sets_no_scale() -> None:
    bounds = Bounds(np.ones((5, 1)))
    assert bounds.reference[0] > 1
    assert np.isneginf(bounds.floors(np.ones((5, 1)))[0])
