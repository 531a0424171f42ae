"""How sure a measured value is."""

from __future__ import annotations

import random

import pytest

from service.domain.objectives import Objective
from service.domain.uncertainty import interval, share_interval
from tests.builders import evaluated


def test_an_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    assert share_interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert share_interval(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert share_interval(0 / 20, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.98])
def test_it_holds_the_true_share_19_times_in_20(share: float) -> None:
    chance = random.Random(0)
    held = 0
    for _ in range(1000):
        low, high = share_interval(sum(chance.random() < share for _ in range(359)) / 359, 359)
        held += low <= share <= high
    assert 920 <= held <= 980


def test_a_count_is_sure_and_a_latency_as_sure_as_it_was_measured() -> None:
    result = evaluated()
    assert interval(Objective("params"), result, 359) == (12_345, 12_345)
    assert interval(Objective("latency_ms"), result, 359) == result.latency.interval_ms
