"""How long a network takes for one forward pass."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor, nn

from workers.messages import LatencyMeasurement

WARM_UP_PASSES = 3
FEWEST_PASSES = 5
REFERENCE_LAYERS = 24
REFERENCE_CHANNELS = {1: 32, 2: 32, 3: 8}  # by the axes of a map
SETTLING_S = 0.3

Clock = Callable[[], float]


class Reference:
    """A plain network whose passes say how fast the device is at the moment, and the fastest of them so far.

    The fastest of all is what a pass takes when nothing disturbs it; a process that measures many networks comes
    nearer to it, and nearer still where it knows what others of its job have seen before.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()
        self.fastest_ms = math.inf

    def pass_ms(self, x_NCHW: Tensor, clock: Clock) -> float:
        """The milliseconds of one pass."""
        took = _pass_ms(self.network, x_NCHW, clock)
        self.fastest_ms = min(self.fastest_ms, took)
        return took

    def settle(self, x_NCHW: Tensor, clock: Clock) -> None:
        """Runs for SETTLING_S, the first time: few passes, in a machine that is busy, are all disturbed."""
        end = clock() + SETTLING_S
        while self.fastest_ms == math.inf or clock() < end:
            self.pass_ms(x_NCHW, clock)


class Gauge:
    """Measures one network in blocks of passes, each pass beside one of the reference, between other work.

    Blocks of different moments see different loads of the machine, so they show how far a latency can be trusted.
    Without a `clock`, one thread's passes are timed in its processor time, which leaves out what the processor does
    for others meanwhile; those of several threads are timed by the wall. The network is left in evaluation mode.
    """

    def __init__(
        self,
        network: nn.Module,
        reference: Reference,
        input_shape: tuple[int, ...],
        *,
        device: str = "local",
        batch: int = 1,
        threads: int = 1,
        clock: Clock | None = None,
    ) -> None:
        self._network = network.eval()
        self._reference = reference
        self._x_NCHW = torch.zeros(batch, *input_shape)
        self._device, self._threads = device, threads
        self._clock = clock or (time.thread_time if threads == 1 else time.perf_counter)
        self._samples_ms: list[float] = []
        self._reference_ms: list[float] = []
        self._blocks: list[int] = []

    @property
    def blocks(self) -> int:
        """How many blocks were measured."""
        return len(self._blocks)

    @property
    def latency(self) -> LatencyMeasurement:
        """What was measured up to now, of at least one block."""
        return LatencyMeasurement(
            device=self._device,
            batch=len(self._x_NCHW),
            threads=self._threads,
            samples_ms=tuple(self._samples_ms),
            reference_ms=tuple(self._reference_ms),
            blocks=tuple(self._blocks),
            undisturbed_reference_ms=self._reference.fastest_ms,
        )

    def measure_up_to(self, blocks: int) -> None:
        """Measures until there are so many blocks."""
        while self.blocks < blocks:
            self.measure_block()

    def measure_block(self, passes: int = 25, budget_s: float = 0.06) -> None:
        """Times up to `passes` passes; `budget_s` may end them earlier, but FEWEST_PASSES are made anyway."""
        with _quiet(self._threads), torch.inference_mode():
            if self._reference.fastest_ms == math.inf:
                self._reference.settle(self._x_NCHW, self._clock)
            for _ in range(WARM_UP_PASSES):
                self._reference.network(self._x_NCHW)
                self._network(self._x_NCHW)
            end, before = self._clock() + budget_s, len(self._samples_ms)
            while (made := len(self._samples_ms) - before) < passes and (made < FEWEST_PASSES or self._clock() < end):
                self._reference_ms.append(self._reference.pass_ms(self._x_NCHW, self._clock))
                self._samples_ms.append(_pass_ms(self._network, self._x_NCHW, self._clock))
        self._blocks.append(len(self._samples_ms) - before)


@lru_cache(maxsize=8)
def shared_reference(input_shape: tuple[int, ...], classes: int, threads: int) -> Reference:
    """The reference for such images, the same one for all networks that this process measures on as many threads."""
    del threads  # its fastest pass is another one
    return Reference(reference_network(input_shape, classes))


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


def _pass_ms(network: nn.Module, x_NCHW: Tensor, clock: Clock) -> float:
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
