"""How long a network takes for one forward pass."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from workers.messages import LatencyMeasurement

WARM_UP_PASSES = 3
FEWEST_PASSES = 11
REFERENCE_LAYERS = 24
REFERENCE_CHANNELS = {1: 32, 2: 32, 3: 8}  # by the axes of a map


def measure(
    network: nn.Module,
    reference: nn.Module,
    input_shape: tuple[int, ...],
    *,
    device: str = "local",
    batch: int = 1,
    threads: int = 1,
    passes: int = 101,
    budget_s: float = 0.4,
    clock: Callable[[], float] = time.perf_counter,
) -> LatencyMeasurement:
    """Times up to `passes` forward passes, and one pass of `reference` beside each; `budget_s` may end it earlier.

    At least FEWEST_PASSES are made, whatever they take. Two passes side by side see the same load of the machine,
    so their ratio stays where it is when the machine slows down. Both networks are left in evaluation mode.
    """
    x_NCHW = torch.zeros(batch, *input_shape)
    samples_ms: list[float] = []
    reference_ms: list[float] = []
    network.eval()
    reference.eval()
    with _quiet(threads), torch.inference_mode():
        for _ in range(WARM_UP_PASSES):
            reference(x_NCHW)
            network(x_NCHW)
        end = clock() + budget_s
        while len(samples_ms) < passes and (len(samples_ms) < FEWEST_PASSES or clock() < end):
            reference_ms.append(_pass_ms(reference, x_NCHW, clock))
            samples_ms.append(_pass_ms(network, x_NCHW, clock))
    return LatencyMeasurement(device, batch, threads, tuple(samples_ms), tuple(reference_ms))


def reference_network(input_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The plain convolutional network that every latency for such images is set in relation to.

    Deep and thin, so that its passes last about as long as those of the networks beside it and a disturbance
    hits both alike: under load, a reference ten times as fast brought the ratio no gain over the median.
    """
    axes = len(input_shape) - 1
    width = REFERENCE_CHANNELS[axes]
    convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[axes]
    average: type[nn.Module] = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}[axes]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(convolution(input_shape[0], width, 3, padding=1))
        for _ in range(REFERENCE_LAYERS - 1):
            network.extend((nn.ReLU(), convolution(width, width, 3, padding=1)))
        network.extend((average(1), nn.Flatten(), nn.Linear(width, classes)))
    return network.eval()


def _pass_ms(network: nn.Module, x_NCHW: Tensor, clock: Callable[[], float]) -> float:
    start = clock()
    network(x_NCHW)
    return (clock() - start) * 1e3


@contextmanager
def _quiet(threads: int) -> Iterator[None]:
    """`threads` threads and no garbage collection, put back afterwards as they were."""
    threads_before, collecting = torch.get_num_threads(), gc.isenabled()
    torch.set_num_threads(threads)
    gc.disable()
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)
        if collecting:
            gc.enable()
