from __future__ import annotations

import gc
import math
import random
import threading
import time
from collections.abc import Callable
from itertools import count
from statistics import median

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.workers.plain import plain_network
from workers.latency import FEWEST_PASSES, Gauge, Reference, reference_network, shared_reference
from workers.messages import REPEATS_APART, LatencyMeasurement

SHAPE = (1, 8, 8)


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


def gauge_of(own_s: Callable[[], float], reference_s: Callable[[], float], now: list[float]) -> Gauge:
    return Gauge(Taking(own_s, now), Reference(Taking(reference_s, now)), SHAPE, clock=lambda: now[0])


def test_each_sample_is_one_pass_after_warm_up() -> None:
    now = [0.0]
    network = Taking(lambda: 0.002, now)
    gauge = Gauge(network, Reference(Taking(lambda: 0.001, now)), SHAPE, clock=lambda: now[0])
    gauge.measure_block(passes=20, budget_s=10)
    assert gauge.latency.samples_ms == pytest.approx([2.0] * 20)
    assert gauge.latency.reference_ms == pytest.approx([1.0] * 20)
    assert network.passes > 20
    assert gc.isenabled()


def test_a_slow_network_is_still_measured_often_enough() -> None:
    gauge = gauge_of(lambda: 3.0, lambda: 1.0, [0.0])
    gauge.measure_block()
    assert len(gauge.latency.samples_ms) == FEWEST_PASSES


def test_the_budget_ends_a_block() -> None:
    gauge = gauge_of(lambda: 0.01, lambda: 0.01, [0.0])
    gauge.measure_block(passes=100, budget_s=0.4)
    assert len(gauge.latency.samples_ms) == pytest.approx(20, abs=1)


def test_blocks_are_added_up_to_as_many_as_are_asked_for() -> None:
    gauge = gauge_of(lambda: 0.001, lambda: 0.001, [0.0])
    gauge.measure_up_to(1)
    first = gauge.latency
    gauge.measure_up_to(3)
    gauge.measure_up_to(2)
    assert gauge.latency.blocks == first.blocks * 3
    assert len(gauge.latency.samples_ms) == 3 * len(first.samples_ms)


def test_a_machine_that_slows_down_does_not_change_the_latency() -> None:
    now = [0.0]
    gauge = gauge_of(lambda: 0.002 * (1 + 5 * now[0]), lambda: 0.001 * (1 + 5 * now[0]), now)
    gauge.measure_block(passes=101, budget_s=1.0)
    assert max(gauge.latency.samples_ms) > 1.5 * min(gauge.latency.samples_ms)
    assert gauge.latency.ratio == pytest.approx(2.0, rel=0.01)
    assert gauge.latency.median_ms == pytest.approx(2.0, rel=0.02)


def test_a_latency_is_that_of_an_idle_machine_also_where_every_pass_beside_it_is_disturbed() -> None:
    now, passes = [0.0], count()
    reference = Reference(Taking(lambda: 0.001 if next(passes) < 5 else 0.003, now))
    for _ in range(2):
        gauge = Gauge(Taking(lambda: 0.006, now), reference, SHAPE, clock=lambda: now[0])
        gauge.measure_block()
        assert min(gauge.latency.reference_ms) == pytest.approx(3.0)
        assert gauge.latency.median_ms == pytest.approx(2.0)


def test_networks_of_one_process_share_their_reference() -> None:
    assert shared_reference(SHAPE, 10, 1) is shared_reference(SHAPE, 10, 1)
    assert shared_reference(SHAPE, 10, 1) is not shared_reference(SHAPE, 10, 2)


def test_a_pass_of_one_thread_is_timed_without_what_others_do_meanwhile() -> None:
    class Waiting(nn.Module):
        def forward(self, x_NCHW: Tensor) -> Tensor:
            time.sleep(0.02)
            return x_NCHW

    for threads, least_ms, most_ms in ((1, 0.0, 10.0), (2, 20.0, 1e4)):
        gauge = Gauge(Waiting(), Reference(plain_network()), SHAPE, threads=threads)
        gauge.measure_block(passes=5)
        assert least_ms < median(gauge.latency.samples_ms) < most_ms


@pytest.mark.long
def test_intervals_hold_what_a_longer_measurement_finds_while_other_threads_compute() -> None:
    reference, network = Reference(reference_network(SHAPE, 10)), plain_network(channels=64)
    stop = threading.Event()

    def disturb() -> None:
        x = torch.rand(300, 300)
        while not stop.is_set():
            x @ x
            time.sleep(0.01)

    others = [threading.Thread(target=disturb) for _ in range(2)]
    for other in others:
        other.start()
    try:
        gauges = [Gauge(network, reference, SHAPE) for _ in range(20)]
        for gauge in gauges:
            for _ in range(5):
                gauge.measure_block()
                time.sleep(0.1)
    finally:
        stop.set()
        for other in others:
            other.join()
    found_ms = median(gauge.latency.median_ms for gauge in gauges)
    held = sum(low <= found_ms <= high for low, high in (gauge.latency.interval_ms for gauge in gauges))
    assert held >= 16


def test_a_bigger_network_takes_longer_than_a_smaller_one() -> None:
    reference = shared_reference(SHAPE, 10, 1)
    gauges = [Gauge(plain_network(channels=channels), reference, SHAPE) for channels in (256, 4)]
    for gauge in gauges:
        gauge.measure_block()
    big, small = (gauge.latency for gauge in gauges)
    assert big.ratio > small.ratio


def test_threads_are_put_back() -> None:
    before = torch.get_num_threads()
    gauge = Gauge(plain_network(), shared_reference(SHAPE, 10, 2), SHAPE, threads=2)
    gauge.measure_block()
    assert gauge.latency.threads == 2
    assert torch.get_num_threads() == before


def test_the_reference_is_the_same_network_every_time() -> None:
    x_NCHW = torch.ones(1, *SHAPE)
    with torch.inference_mode():
        one, other = (reference_network(SHAPE, 10)(x_NCHW) for _ in range(2))
    assert torch.equal(one, other)


samples = st.lists(st.floats(0.01, 100), min_size=1, max_size=60)


@given(samples_ms=samples, slower=st.floats(0.1, 10))
def test_the_ratio_scales_with_the_network_only(samples_ms: list[float], slower: float) -> None:
    scaled = tuple(slower * sample for sample in samples_ms)
    assert LatencyMeasurement("local", 1, 1, scaled, tuple(samples_ms)).ratio == pytest.approx(slower)


@given(samples_ms=samples, busy=st.floats(1, 10))
def test_a_latency_lies_in_its_interval_and_is_that_of_the_undisturbed_machine(
    samples_ms: list[float], busy: float
) -> None:
    measured = LatencyMeasurement(
        "local", 1, 1, tuple(busy * ms for ms in samples_ms), (busy,) * len(samples_ms), (), 1.0
    )
    low, high = measured.interval_ms
    assert measured.median_ms == pytest.approx(median(samples_ms))
    assert low <= measured.median_ms <= high


def test_an_interval_holds_what_repeats_at_other_times_find_however_alike_the_passes_of_one_are() -> None:
    chance = random.Random(0)
    steady = [
        LatencyMeasurement("local", 1, 1, (found_ms,) * 50, (1.0,) * 50, (25, 25))
        for found_ms in (2 * math.exp(chance.gauss(0, REPEATS_APART)) for _ in range(1000))
    ]
    held = sum(low <= 2 <= high for low, high in (measured.interval_ms for measured in steady))
    assert 930 <= held <= 970
    assert steady[0].surely_exceeds(steady[0].median_ms * 0.98)


@pytest.mark.parametrize("blocks", [(1, 1), (2, 2), (0, 3)])
def test_blocks_that_do_not_hold_the_samples_are_refused(blocks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="blocks"):
        LatencyMeasurement("local", 1, 1, (1.0,) * 3, (1.0,) * 3, blocks)
