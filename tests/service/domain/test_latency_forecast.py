"""Predicted latencies."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import median

import pytest

from search_space.cost import cost
from search_space.network import Architecture
from search_space.presets import spaces
from search_space.skeleton import Skeleton
from service.domain.latency_forecast import LatencyModel, forecast, model_for

SKELETON = Skeleton((3, 32, 32), 10, 16)


def networks(count: int, channels: int = 16) -> list[Architecture]:
    rng = random.Random(count)
    return [Architecture(spaces["nasnet"].sample(rng), replace(SKELETON, channels=channels)) for _ in range(count)]


def by_bytes(architecture: Architecture, noise: float = 0.0) -> float:
    """A device that moves 1 MB in 1 ms, and is not quite steady."""
    spread = 1 + noise * (int(architecture.genotype.key[:4], 16) / 0x8000 - 1)
    return cost(architecture).bytes_moved / 1e6 * spread


def test_a_device_that_is_a_sum_of_prices_is_predicted_exactly_also_for_a_larger_network() -> None:
    measured = [(each, by_bytes(each)) for each in networks(20)]
    larger = networks(21, channels=32)[0]
    told = forecast("local", larger, measured)
    assert told is not None
    assert told.milliseconds == pytest.approx(by_bytes(larger), rel=1e-6)
    assert told.interval_ms == pytest.approx((told.milliseconds, told.milliseconds), rel=1e-6)
    assert (told.networks, told.extrapolates) == (20, True)
    assert told.elsewhere
    assert "20 measured networks in other skeletons, and larger than any of them" in str(told)


def test_nine_of_ten_new_networks_of_a_noisy_device_are_about_within_the_interval() -> None:
    measured = [(each, by_bytes(each, 0.2)) for each in networks(60)]
    within = 0
    for each in networks(100):
        told = forecast("local", each, measured)
        assert told is not None
        within += told.interval_ms[0] <= by_bytes(each, 0.2) <= told.interval_ms[1]
    assert 75 <= within <= 100


def test_few_networks_in_the_skeleton_itself_correct_what_those_in_others_predict() -> None:
    elsewhere = [(each, by_bytes(each)) for each in networks(20, channels=32)]
    here = [(each, by_bytes(each) / 2) for each in networks(5)]
    uncorrected = LatencyModel.fitted("local", [*elsewhere, *here])
    assert uncorrected is not None
    errors, before, within = [], [], 0
    for new in networks(40):
        told, true_ms = forecast("local", new, [*elsewhere, *here]), by_bytes(new) / 2
        assert told is not None
        assert not told.elsewhere
        errors.append(abs(told.milliseconds / true_ms - 1))
        before.append(abs(uncorrected.forecast(new).milliseconds / true_ms - 1))
        within += told.interval_ms[0] <= true_ms <= told.interval_ms[1]
    assert median(errors) < 0.1 < median(before)
    assert within >= 34
    assert forecast("local", here[0][0], [*elsewhere, *here[:2]]) == forecast("local", here[0][0], elsewhere)


@pytest.mark.parametrize(("slow_ones", "quick_ones"), [(12, 15), (12, 3), (3, 12), (8, 8)])
def test_what_is_told_by_other_skeletons_is_as_unsure_as_these_are_of_each_other(
    slow_ones: int, quick_ones: int
) -> None:
    slow = [(each, 5 * by_bytes(each)) for each in networks(slow_ones, channels=32)]
    quick = [(each, by_bytes(each)) for each in networks(quick_ones, channels=8)]
    model = model_for("local", SKELETON, [*slow, *quick])
    assert model is not None
    assert model.elsewhere
    assert model.ratios == pytest.approx((1 / 5, 5), rel=0.01)


@pytest.mark.parametrize("count", [9, 12])
def test_what_images_take_is_not_told_by_signals(count: int) -> None:
    skeleton, rng = Skeleton((1, 500), 2, 16), random.Random(0)
    signals = [Architecture(spaces["darts"].sample(rng), skeleton) for _ in range(30)]
    images = [(each, by_bytes(each)) for each in networks(count, channels=32)]
    new = networks(1)[0]
    told = forecast("local", new, [*((each, 9 * by_bytes(each)) for each in signals), *images])
    assert told == forecast("local", new, images)
    assert (told is None) == (count < 10)


def test_of_a_network_that_was_measured_twice_the_newest_counts() -> None:
    measured, new = [(each, by_bytes(each)) for each in networks(20)], networks(21)[-1]
    stale = [(each, 9 * milliseconds) for each, milliseconds in measured]
    told = forecast("local", new, [*measured, *stale])
    assert told is not None
    assert told.milliseconds == pytest.approx(by_bytes(new), rel=1e-6)


def test_few_networks_or_the_same_again_and_again_predict_nothing() -> None:
    measured = [(each, by_bytes(each)) for each in networks(9)]
    assert forecast("local", networks(1)[0], measured * 3) is None
