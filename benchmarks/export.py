"""How much faster the inference form is than the training form, and than the same cell written by hand.

It must never be slower: random cells of every named search space are timed too, and the least ratio of each is told.
Where one is slower, or a cell that has a goal misses it, a line says so and the exit status is 1.

Forms are timed pass by pass in turn, one image and one thread; a figure is the ratio of the quickest passes. By hand is
NASNet-A's normal cell as anyone would write it in plain torch, with the same weights, batch norms and all. It is given
the very maps that the inference form's cell is given, which went through ReLU before and lie channels-last, has its
kernels lie so too, and ends with the same ReLU: what is compared is what the two do between these.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.report import parser, report
from search_space.genotype import Cell, Edge, Genotype
from search_space.merge import merge
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.published import published
from search_space.skeleton import Skeleton

LEAST = 1.0
GOAL = 1.5
WITH_GOAL = ("nasnet-a", "darts", "lk_rep")
SKELETON = Skeleton((3, 32, 32), classes=10, channels=16, cells_per_stage=2)


def main() -> None:
    """Prints and writes the figures."""
    arguments = parser(__doc__)
    arguments.add_argument("--passes", type=int, default=60)
    arguments.add_argument("--random", type=int, default=2, help="random cells of each named search space")
    arguments.add_argument("--operators", action="store_true", help="also a cell of each operator, which takes minutes")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    x_NCHW = torch.randn(1, *SKELETON.input_shape)
    figures = {}
    for name, genotype in cells().items():
        figures[f"{name}_training_to_inference_ratio"] = forms(genotype, x_NCHW, given.passes)
    figures["nasnet_a_cell_by_hand_to_inference_ratio"] = against_hand(given.passes)
    for name, space in spaces.items():
        found = [forms(space.sample(Random(seed)), x_NCHW, given.passes) for seed in range(given.random)]
        figures[f"least_of_{name}_training_to_inference_ratio"] = min(found, default=float("nan"))
    if given.operators:
        of_each = {name: forms(plain(name), x_NCHW, given.passes) for name in OPERATORS}
        print("".join(f"{name:<24}{of_each[name]:8.3f}\n" for name in sorted(of_each, key=of_each.__getitem__)))
        figures["least_of_all_operators_training_to_inference_ratio"] = min(of_each.values())
    report(figures, given.json)
    if missed := too_slow(figures):
        raise SystemExit("\n".join(missed))


def too_slow(figures: Mapping[str, float]) -> list[str]:
    """A line for each training form's time over that of the inference form which is less than it is to be."""
    lines = []
    for name, found in figures.items():
        least = GOAL if name.startswith(WITH_GOAL) else LEAST
        if name.endswith("_training_to_inference_ratio") and found < least:
            lines.append(f"{name} is {found:.3f}, and is to be {least} or more")
    return lines


def forms(genotype: Genotype, x_NCHW: Tensor, passes: int) -> float:
    """The training form against the inference form, both as a user has them from their exported files."""
    network = Architecture(genotype, SKELETON).build().eval()
    merged = merge(network)
    return ratio(lambda: network(x_NCHW), lambda: merged(x_NCHW), passes)


def plain(operator: str) -> Genotype:
    """Cells of one operator."""
    cell = Cell((Edge(0, 2, operator), Edge(1, 2, operator), Edge(2, 3, operator)), (2, 3))
    return Genotype(cell, cell)


def cells() -> dict[str, Genotype]:
    """Published ones, and plain ones of an operator that training has in several branches or with batch norms only."""
    found = {name: published[name] for name in ("nasnet-a", "darts-v2", "enas")}
    return found | {name: plain(name) for name in ("lk_rep_7", "lk_rep_17", "sep_conv_5x5", "conv_1x1", "conv_1x3_3x1")}


class ByHand(nn.Module):
    """NASNet-A's normal cell as anyone would write it in plain torch, batch norms and all, between two ReLUs."""

    def __init__(self, older: int, newest: int, width: int) -> None:
        super().__init__()
        self.older, self.newest = conv_norm(older, width), conv_norm(newest, width)
        self.sep_1, self.sep_2 = separable(width, 3), separable(width, 5)
        self.sep_3, self.sep_4 = separable(width, 3), separable(width, 5)
        self.sep_5 = separable(width, 3)

    def forward(self, h0: Tensor, h1: Tensor) -> Tensor:
        """The concatenation of six nodes, after ReLU, of maps that have been through one."""
        h0, h1 = self.older(h0), self.newest(h1)
        h2 = pooled(h0) + pooled(h0)
        h3 = h0 + pooled(h1)
        h4 = self.sep_1(h0) + self.sep_2(h0)
        h5 = self.sep_3(h0) + self.sep_4(h1)
        h6 = self.sep_5(h1) + h1
        return torch.cat([h0, h2, h3, h4, h5, h6], 1).relu_()


def pooled(x_NCHW: Tensor) -> Tensor:
    """The average over 3x3 pixels, those outside not counted."""
    return F.avg_pool2d(x_NCHW, 3, 1, 1, count_include_pad=False)


def conv_norm(channels_in: int, channels: int) -> nn.Module:
    """1x1 convolution, batch norm."""
    return nn.Sequential(nn.Conv2d(channels_in, channels, 1, bias=False), nn.BatchNorm2d(channels))


def separable(width: int, kernel: int) -> nn.Module:
    """Twice ReLU, depthwise convolution, pointwise, batch norm."""
    layers: list[nn.Module] = []
    for _ in range(2):
        depthwise = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width, bias=False)
        layers += [nn.ReLU(), depthwise, nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width)]
    return nn.Sequential(*layers)


def against_hand(passes: int) -> float:
    """The cell by hand against the exported inference form, of the same maps; SystemExit where they differ.

    The inference form puts a cell's result through ReLU once, for all that read it: both end so, and begin after it.
    """
    network = Architecture(published["nasnet-a"], Skeleton((3, 32, 32), 10, 16, 3)).build().eval()
    trained, merged = network.get_submodule("cells.2"), merge(network)
    own = nn.ModuleList([merged.get_submodule("cells.2"), merged.get_submodule("finish.2")])
    hand = ByHand(96, 96, 16).eval()
    hand.load_state_dict(dict(zip(hand.state_dict(), trained.state_dict().values(), strict=True)))
    for kernel in hand.parameters():
        if kernel.ndim == 4:
            kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)
    maps = [torch.randn(1, 96, 32, 32).relu().contiguous(memory_format=torch.channels_last) for _ in range(2)]
    with torch.inference_mode():
        if not torch.allclose(hand(*maps), own[1](own[0](*maps)), atol=1e-4):
            raise SystemExit("the cell by hand is another cell")
    return ratio(lambda: hand(*maps), lambda: own[1](own[0](*maps)), passes)


@torch.inference_mode()
def ratio(one: Callable[[], Tensor], other: Callable[[], Tensor], passes: int) -> float:
    """How many times as long the quickest pass of `one` takes as that of `other`."""
    pairs = [(timed(one), timed(other)) for _ in range(passes)][5:]
    return min(first for first, _ in pairs) / min(second for _, second in pairs)


def timed(run: Callable[[], Tensor]) -> float:
    """Processor seconds of one pass, so that whatever else the machine does counts little."""
    began = time.process_time()
    run()
    return time.process_time() - began


if __name__ == "__main__":
    main()
