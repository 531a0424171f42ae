"""How much faster the inference form is than the training form, and than the same cell written by hand.

Forms are timed pass by pass in turn, one image and one thread; a figure is the ratio of the quickest passes. By hand is
a separable convolution of NASNet as anyone would write it in plain torch, batch norms and all.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from benchmarks.report import parser, report
from search_space.genotype import Cell, Edge, Genotype
from search_space.merge import merge
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.published import published
from search_space.skeleton import Skeleton

SKELETON = Skeleton((3, 32, 32), classes=10, channels=16, cells_per_stage=2)


def main() -> None:
    """Prints and writes the figures."""
    arguments = parser(__doc__)
    arguments.add_argument("--passes", type=int, default=60)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    x_NCHW = torch.randn(1, *SKELETON.input_shape)
    figures = {}
    for name, genotype in cells().items():
        network = Architecture(genotype, SKELETON).build().eval()
        figures[f"{name}_training_to_inference_ratio"] = ratio(network, merge(network), x_NCHW, given.passes)
    h_NCHW = torch.randn(1, 32, 16, 16)
    own = merge(OPERATORS["sep_conv_5x5"].build(32, 32).eval())
    figures["sep_conv_5x5_hand_written_to_inference_ratio"] = ratio(by_hand().eval(), own, h_NCHW, given.passes)
    report(figures, given.json)


def cells() -> dict[str, Genotype]:
    """Published ones, and plain ones of an operator that training has in several branches or with batch norms only."""
    found = {name: published[name] for name in ("nasnet-a", "darts-v2", "enas")}
    for operator in ("lk_rep_7", "lk_rep_17", "conv_1x1", "conv_1x3_3x1"):
        cell = Cell((Edge(0, 2, operator), Edge(1, 2, operator), Edge(2, 3, operator)), (2, 3))
        found[operator] = Genotype(cell, cell)
    return found


def by_hand() -> nn.Module:
    """Twice ReLU, depthwise 5x5, pointwise, batch norm."""
    layers: list[nn.Module] = []
    for _ in range(2):
        depthwise = nn.Conv2d(32, 32, 5, padding=2, groups=32, bias=False)
        layers += [nn.ReLU(), depthwise, nn.Conv2d(32, 32, 1, bias=False), nn.BatchNorm2d(32)]
    return nn.Sequential(*layers)


@torch.inference_mode()
def ratio(one: nn.Module, other: nn.Module, x_NCHW: Tensor, passes: int) -> float:
    """How many times as long the quickest pass of `one` takes as that of `other`."""
    pairs = [(timed(one, x_NCHW), timed(other, x_NCHW)) for _ in range(passes)][5:]
    return min(first for first, _ in pairs) / min(second for _, second in pairs)


def timed(module: nn.Module, x_NCHW: Tensor) -> float:
    """Processor seconds of one pass, so that whatever else the machine does counts little."""
    began = time.process_time()
    module(x_NCHW)
    return time.process_time() - began


if __name__ == "__main__":
    main()
