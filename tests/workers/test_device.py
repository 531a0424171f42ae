from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from workers.device import profile_device
from workers.device_profile import DeviceProfile
from workers.latency import REFERENCE_LAYERS, Gauge, shared_reference

SHAPE = (1, 8, 8)


@pytest.fixture(scope="module")
def profile() -> DeviceProfile:
    return DeviceProfile(**json.loads(json.dumps(profile_device())))


def test_a_profile_comes_through_json_and_names_its_torch(profile: DeviceProfile) -> None:
    assert profile.torch == torch.__version__


def test_no_measured_network_beats_the_bound(profile: DeviceProfile) -> None:
    reference = shared_reference(SHAPE, 10, 1)
    gauge = Gauge(reference.network, reference, SHAPE)
    gauge.measure_block()
    macs = 64 * 9 * 32 * (1 + (REFERENCE_LAYERS - 1) * 32) + 32 * 10
    assert min(gauge.latency.samples_ms) > profile.least_latency_ms(2 * REFERENCE_LAYERS, macs)


def test_the_bound_rises_with_layers_and_with_work(profile: DeviceProfile) -> None:
    assert profile.least_latency_ms(200, 0) > profile.least_latency_ms(100, 0) > 0
    assert profile.least_latency_ms(1, 10**9) > profile.least_latency_ms(1, 10**8)


def test_calibrating_leaves_the_threads_alone() -> None:
    before = torch.get_num_threads()
    profile_device(threads=2)
    assert torch.get_num_threads() == before


def test_a_profile_without_speed_is_no_profile(profile: DeviceProfile) -> None:
    with pytest.raises(ValueError, match="positive"):
        replace(profile, macs_per_ms=0.0)
