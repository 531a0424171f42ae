"""How fast the search space is: sampling with keys, costs, building, and every operator against plain torch.

An operator's forward and backward pass is timed beside that of the same layers written out with torch alone, from the
same shapes, pass by pass in turn; the ratio is that of the quickest passes, and the median of three fresh pairs. With
--control every plain way is also timed beside a fresh copy of itself: what these ratios differ from 1 is no operator's
doing. All times are those of the one processor that is used, so that whatever else the machine does counts little.
"""

from __future__ import annotations

import random
import time
from functools import partial
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.plain import CHANNELS, PLAIN
from benchmarks.report import parser, report
from search_space.cost import cost
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.published import published
from search_space.skeleton import Skeleton, skeletons

SIZE, BATCH = 16, 16
PAIRS = 3
TWELVE_CELLS = Skeleton((3, 32, 32), classes=10, channels=16, cells_per_stage=4, stages=3, reduction_in_stage=True)


def main() -> None:
    """Prints and writes the figures."""
    arguments = parser(__doc__)
    arguments.add_argument("--samples", type=int, default=20_000, help="genotypes to draw")
    arguments.add_argument("--passes", type=int, default=30, help="passes of each operator")
    arguments.add_argument("--operators", nargs="*", choices=list(PLAIN), default=list(PLAIN), metavar="NAME")
    arguments.add_argument("--control", action="store_true", help="also each plain way against itself")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    figures = {**descriptions(given.samples), "build_12_cells_ms": building()}
    for name in given.operators:
        plain, operator = PLAIN[name], partial(OPERATORS[name].build, CHANNELS, CHANNELS)
        for label, build in (("", operator), *((("plain_", plain),) if given.control else ())):
            pairs = [(build(), plain()) for _ in range(PAIRS)]
            ratios = [ratio(own, other, given.passes) for own, other in pairs]
            figures[f"{name}_{label}to_plain_ratio"] = median(ratios)
    report(figures, given.json)


def descriptions(samples: int) -> dict[str, float]:
    """Genotypes a second: drawn and keyed; costed; and first put into a skeleton, which checks them."""
    space, rng = spaces["nasnet"], random.Random(0)
    began = time.process_time()
    genotypes = [space.sample(rng) for _ in range(samples)]
    keys = {genotype.key for genotype in genotypes}
    sampled = time.process_time()
    architectures = [Architecture(genotype, skeletons["cifar"]) for genotype in genotypes]
    ready = time.process_time()
    for architecture in architectures:
        cost(architecture)
    costed = time.process_time()
    return {
        "sample_and_key_per_s": samples / (sampled - began),
        "cost_per_s": samples / (costed - ready),
        "check_and_cost_per_s": samples / (costed - sampled),
        "different_keys": len(keys),
    }


def building() -> float:
    """Milliseconds to build a network of 12 cells, the least of several times."""
    architecture = Architecture(published["nasnet-a"], TWELVE_CELLS)
    times = []
    for _ in range(7):
        began = time.process_time()
        architecture.build()
        times.append(1000 * (time.process_time() - began))
    return min(times)


def ratio(operator: nn.Module, plain: nn.Module, passes: int) -> float:
    """The time of the operator's forward and backward pass as a multiple of the plain one's."""
    x_NCHW = torch.randn(BATCH, CHANNELS, SIZE, SIZE, requires_grad=True)
    for module in (operator, plain):
        for _ in range(3):
            timed(module, x_NCHW)
    own: list[float] = []
    other: list[float] = []
    for number in range(passes):
        # Each goes first as often as the other: what runs second finds warmer caches.
        for module, times in ((operator, own), (plain, other))[:: 1 if number % 2 else -1]:
            times.append(timed(module, x_NCHW))
    return min(own) / min(other)


def timed(module: nn.Module, x_NCHW: Tensor) -> float:
    """Seconds of one forward and backward pass, where there is anything to pass back."""
    began = time.process_time()
    y_NCHW = module(x_NCHW)
    if y_NCHW.requires_grad:
        torch.autograd.backward(y_NCHW.sum())
    return time.process_time() - began


if __name__ == "__main__":
    main()
