"""The device this process runs on: its fingerprint, and a short calibration."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from workers.device_profile import DeviceProfile

CHAIN = 64
MATRIX = 512


def profile_device(threads: int = 1, clock: Callable[[], float] = time.perf_counter) -> dict[str, Any]:
    """Calibrates this device in well under a second: a `DeviceProfile` as a dict that JSON can hold.

    Speeds are those of the fastest of many tries, so that a loaded machine is not taken for a slow one.
    """
    threads_before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            ms_per_layer, macs_per_ms = _ms_per_layer(clock), _macs_per_ms(clock)
    finally:
        torch.set_num_threads(threads_before)
    profile = DeviceProfile(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        threads=threads,
        precision="float32",
        torch=torch.__version__,
        ms_per_layer=ms_per_layer,
        macs_per_ms=macs_per_ms,
    )
    return asdict(profile)


def _ms_per_layer(clock: Callable[[], float]) -> float:
    """One layer in a chain of the cheapest that an operator can be: a 1x1 convolution, or a pool, of one pixel."""
    x_NCHW = torch.zeros(1, 4, 1, 1)

    def in_a_chain(layer: Callable[[], nn.Module]) -> float:
        chain = nn.Sequential(*(layer() for _ in range(CHAIN)))
        return _fastest_ms(lambda: chain(x_NCHW), 50, clock) / CHAIN

    return min(in_a_chain(lambda: nn.Conv2d(4, 4, 1)), in_a_chain(lambda: nn.MaxPool2d(3, 1, 1)))


def _macs_per_ms(clock: Callable[[], float]) -> float:
    """A square matrix product, which no convolution outdoes."""
    matrix = torch.zeros(MATRIX, MATRIX)
    return float(MATRIX**3) / _fastest_ms(lambda: matrix @ matrix, 20, clock)


def _fastest_ms(work: Callable[[], object], tries: int, clock: Callable[[], float]) -> float:
    def once() -> float:
        start = clock()
        work()
        return (clock() - start) * 1e3

    once()
    return min(once() for _ in range(tries))


def _processor() -> str:
    """The processor's name as its maker writes it, or its kind where the system does not say."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
