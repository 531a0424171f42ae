"""How fast the search space is: sampling with keys, costs, building, and every operator against plain torch.

An operator's forward and backward pass is timed beside that of the same layers written out with torch alone, from the
same shapes, pass by pass in turn; the ratio is that of the quickest passes. All times are those of the one processor
that is used, so that whatever else the machine does counts little.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.report import parser, report
from search_space.cost import cost
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.published import published
from search_space.skeleton import Skeleton, skeletons

CHANNELS, SIZE, BATCH = 32, 16, 16
TWELVE_CELLS = Skeleton((3, 32, 32), classes=10, channels=16, cells_per_stage=4, stages=3, reduction_in_stage=True)


def main() -> None:
    """Prints and writes the figures."""
    arguments = parser(__doc__)
    arguments.add_argument("--samples", type=int, default=20_000, help="genotypes to draw")
    arguments.add_argument("--passes", type=int, default=30, help="passes of each operator")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    figures = {**descriptions(given.samples), "build_12_cells_ms": building()}
    for name, plain in PLAIN.items():
        figures[f"{name}_to_plain_ratio"] = ratio(OPERATORS[name].build(CHANNELS, CHANNELS), plain(), given.passes)
    report(figures, given.json)


def descriptions(samples: int) -> dict[str, float]:
    """Genotypes a second: drawn and keyed, and costed."""
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
    pairs = [(timed(operator, x_NCHW), timed(plain, x_NCHW)) for _ in range(passes)]
    return min(own for own, _ in pairs) / min(other for _, other in pairs)


def timed(module: nn.Module, x_NCHW: Tensor) -> float:
    """Seconds of one forward and backward pass."""
    began = time.process_time()
    torch.autograd.backward(module(x_NCHW).sum())
    return time.process_time() - began


def depthwise_units(*kernels: int | tuple[int, int], dilation: int = 1, units: int = 1) -> nn.Module:
    """So many times ReLU, depthwise convolutions, a pointwise one, batch norm."""
    layers: list[nn.Module] = []
    for _ in range(units):
        layers += [nn.ReLU(), *(convolution(kernel, dilation, CHANNELS) for kernel in kernels)]
        layers += [convolution(1), nn.BatchNorm2d(CHANNELS)]
    return nn.Sequential(*layers)


def dense_unit(*kernels: int | tuple[int, int], dilation: int = 1) -> nn.Module:
    """ReLU, convolutions, batch norm."""
    return nn.Sequential(nn.ReLU(), *(convolution(kernel, dilation) for kernel in kernels), nn.BatchNorm2d(CHANNELS))


def convolution(kernel: int | tuple[int, int], dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    """One that keeps width and size."""
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = (dilation * (height - 1) // 2, dilation * (width - 1) // 2)
    return nn.Conv2d(CHANNELS, CHANNELS, kernel, 1, padding, dilation, groups, bias=False)


PLAIN: dict[str, Callable[[], nn.Module]] = {
    **{f"sep_conv_{k}x{k}": partial(depthwise_units, k, units=2) for k in (3, 5, 7)},
    **{f"dil_sep_conv_{k}x{k}": partial(depthwise_units, k, dilation=2) for k in (3, 5)},
    **{f"lk_dw_{k}x{k}": partial(depthwise_units, k) for k in (7, 9, 11, 13, 17, 21, 31)},
    **{f"band_{k}": partial(depthwise_units, (1, k), (k, 1)) for k in (7, 11, 21)},
    **{f"conv_{k}x{k}": partial(dense_unit, k) for k in (1, 3)},
    **{f"conv_1x{k}_{k}x1": partial(dense_unit, (1, k), (k, 1)) for k in (3, 7)},
    "dil_conv_3x3": partial(dense_unit, 3, dilation=2),
    **{f"max_pool_{k}x{k}": partial(nn.MaxPool2d, k, 1, k // 2) for k in (3, 5, 7)},
    **{f"avg_pool_{k}x{k}": partial(nn.AvgPool2d, k, 1, k // 2, count_include_pad=False) for k in (3, 5, 7)},
}


if __name__ == "__main__":
    main()
