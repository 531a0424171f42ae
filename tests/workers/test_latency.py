from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.workers.plain import plain_network
from workers.latency import FEWEST_PASSES, measure, reference_network
from workers.messages import LatencyMeasurement

SHAPE = (1, 8, 8)
Clock = Callable[[], float]


class Taking(nn.Module):
    """Takes the seconds it is told to take, on a clock that nothing else moves."""

    def __init__(self, seconds: Callable[[], float], now: list[float]) -> None:
        super().__init__()
        self.seconds = seconds
        self.now = now
        self.passes = 0

    def forward(self, x_NCHW: Tensor) -> Tensor:
        assert not gc.isenabled()
        assert torch.is_inference_mode_enabled()
        self.passes += 1
        self.now[0] += self.seconds()
        return x_NCHW


def test_each_sample_is_one_pass_after_warm_up() -> None:
    now = [0.0]
    network = Taking(lambda: 0.002, now)
    measured = measure(network, Taking(lambda: 0.001, now), SHAPE, passes=20, budget_s=10, clock=lambda: now[0])
    assert measured.samples_ms == pytest.approx([2.0] * 20)
    assert measured.reference_ms == pytest.approx([1.0] * 20)
    assert network.passes > 20
    assert gc.isenabled()


def test_a_slow_network_is_still_measured_often_enough() -> None:
    now = [0.0]
    measured = measure(Taking(lambda: 3.0, now), Taking(lambda: 1.0, now), SHAPE, budget_s=0.4, clock=lambda: now[0])
    assert len(measured.samples_ms) == FEWEST_PASSES


def test_the_budget_ends_a_measurement() -> None:
    now = [0.0]
    measured = measure(Taking(lambda: 0.01, now), Taking(lambda: 0.01, now), SHAPE, budget_s=0.4, clock=lambda: now[0])
    assert len(measured.samples_ms) == pytest.approx(20, abs=1)


def test_the_ratio_does_not_drift_with_the_machine() -> None:
    now = [0.0]
    measured = measure(
        Taking(lambda: 0.002 * (1 + 5 * now[0]), now),
        Taking(lambda: 0.001 * (1 + 5 * now[0]), now),
        SHAPE,
        budget_s=1.0,
        clock=lambda: now[0],
    )
    assert max(measured.samples_ms) > 1.5 * min(measured.samples_ms)
    assert measured.ratio == pytest.approx(2.0, rel=0.01)


samples = st.lists(st.floats(0.01, 100), min_size=1, max_size=60)


@given(samples_ms=samples)
def test_the_median_lies_in_its_interval_and_the_interval_among_the_samples(samples_ms: list[float]) -> None:
    measured = LatencyMeasurement("local", 1, 1, tuple(samples_ms), tuple(samples_ms))
    low, high = measured.interval_ms
    assert min(samples_ms) <= low <= median(samples_ms) <= high <= max(samples_ms)
    assert measured.ratio == 1


@given(samples_ms=samples, slower=st.floats(0.1, 10))
def test_the_ratio_scales_with_the_network_only(samples_ms: list[float], slower: float) -> None:
    scaled = tuple(slower * sample for sample in samples_ms)
    assert LatencyMeasurement("local", 1, 1, scaled, tuple(samples_ms)).ratio == pytest.approx(slower)


def test_a_bigger_network_takes_longer_than_a_smaller_one() -> None:
    reference = reference_network(SHAPE, 10)
    big, small = (measure(plain_network(channels=channels), reference, SHAPE, passes=15) for channels in (256, 4))
    assert big.ratio > small.ratio


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    measured = measure(plain_network(), reference_network(SHAPE, 10), SHAPE, threads=2, passes=11)
    assert measured.threads == 2
    assert torch.get_num_threads() == before


def test_the_reference_is_the_same_network_every_time() -> None:
    x_NCHW = torch.ones(1, *SHAPE)
    with torch.inference_mode():
        one, other = (reference_network(SHAPE, 10)(x_NCHW) for _ in range(2))
    assert torch.equal(one, other)
