"""How far a latency can be trusted: one network measured again and again, alone and beside other work.

Ours is what an evaluation does: blocks of passes apart in time, in processor time, each pass beside one of the
reference. The other is what a timing script does: the median of 101 passes in one stretch, by the wall, with the
interval of independent samples. Both take their turns in the same minutes, each repeat in a process of its own, as two
evaluations may be in two workers; ours knows the reference's fastest pass in the repeats before it, as within a job.
`loaded_to_alone_ratio` is 1 where other work does not change a latency; `spread` is what lies between the 5th and the
95th percentile of all repeats, as a share of their median; `held_share` says how many intervals hold the median of all
repeats alone.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import time
from concurrent.futures import ProcessPoolExecutor
from statistics import median

import torch
from torch import nn

from benchmarks.report import parser, report
from search_space.merge import merge
from search_space.network import Architecture
from search_space.presets import spaces
from search_space.skeleton import Skeleton
from workers.interval import median_interval
from workers.latency import Gauge, shared_reference
from workers.messages import LatencyMeasurement

SKELETON = Skeleton((1, 8, 8), classes=10)
BLOCKS, APART_S = 7, 0.4
PASSES = 101

Repeat = tuple[float, tuple[float, float]]


def main() -> None:
    """Prints and writes the figures."""
    arguments = parser(__doc__)
    arguments.add_argument("--repeats", type=int, default=12)
    arguments.add_argument("--processes", type=int, default=2, help="that compute beside the measurements under load")
    given = arguments.parse_args()
    alone = both(given.repeats)
    others = [multiprocessing.Process(target=compute, daemon=True) for _ in range(given.processes)]
    for other in others:
        other.start()
    try:
        time.sleep(3)  # while they import
        loaded = both(given.repeats)
    finally:
        for other in others:
            other.kill()
    figures = {}
    for side in ("ours", "one_stretch"):
        expected = median(repeat_ms for repeat_ms, _ in alone[side])
        figures[f"{side}.ms"] = expected
        figures[f"{side}.loaded_to_alone_ratio"] = median(repeat_ms for repeat_ms, _ in loaded[side]) / expected
        for state, repeats in (("alone", alone[side]), ("loaded", loaded[side])):
            figures[f"{side}.spread.{state}"] = spread([repeat_ms for repeat_ms, _ in repeats])
            held = [low <= expected <= high for _, (low, high) in repeats]
            figures[f"{side}.held_share.{state}"] = sum(held) / len(held)
    report(figures, given.json)


def both(repeats: int) -> dict[str, list[Repeat]]:
    """Latencies in ms and their intervals, both sides in turn."""
    found: dict[str, list[Repeat]] = {"ours": [], "one_stretch": []}
    reference_ms = math.inf
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as fresh:
        for _ in range(repeats):
            latency, other = fresh.submit(repeat, reference_ms).result()
            reference_ms = latency.undisturbed_reference_ms or math.inf
            found["ours"].append((latency.median_ms, latency.interval_ms))
            found["one_stretch"].append(other)
    return found


def repeat(reference_ms: float) -> tuple[LatencyMeasurement, Repeat]:
    """Both sides once, on a network that is the same in every process."""
    torch.set_num_threads(1)
    network = merge(Architecture(spaces["nasnet"].sample(random.Random(7)), SKELETON).build())
    return ours(network, reference_ms), one_stretch(network)


def ours(network: nn.Module, reference_ms: float) -> LatencyMeasurement:
    """As an evaluation of six epochs does, which trains in between; here it waits."""
    reference = shared_reference(SKELETON.input_shape, SKELETON.classes, 1)
    reference.fastest_ms = reference_ms
    gauge = Gauge(network, reference, SKELETON.input_shape)
    for _ in range(BLOCKS):
        gauge.measure_block()
        time.sleep(APART_S)
    return gauge.latency


def one_stretch(network: nn.Module) -> Repeat:
    """As a timing script does."""
    x_NCHW = torch.zeros(1, *SKELETON.input_shape)
    samples_ms = []
    with torch.inference_mode():
        for _ in range(PASSES):
            start = time.perf_counter()
            network(x_NCHW)
            samples_ms.append((time.perf_counter() - start) * 1e3)
    return median(samples_ms), median_interval([samples_ms])


def spread(values: list[float]) -> float:
    """The 95th percentile less the 5th, as a share of the median."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return (ordered[round(0.95 * last)] - ordered[round(0.05 * last)]) / median(ordered)


def compute() -> None:
    """Never ends."""
    torch.set_num_threads(1)
    x = torch.rand(300, 300)
    while True:
        x @ x


if __name__ == "__main__":
    main()
