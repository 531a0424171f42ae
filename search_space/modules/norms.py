"""Other norms than batch norm."""

import torch
from torch import Tensor, nn

from search_space.modules.cell import Cell
from search_space.modules.divisor import largest_divisor
from search_space.modules.network import Network, Unread, initialise
from search_space.modules.residual import ChannelNorm


class InstanceBatchNorm(nn.Module):
    """Instance norm for the first `share` of the channels, batch norm for the others: (N, channels, H, W) -> the same.

    IBN-a of Pan et al. 2018, arXiv 1807.09441, for odd widths too: the instance norm's part is rounded down.
    """

    def __init__(self, channels: int, share: float = 0.5) -> None:
        super().__init__()
        first = int(share * channels)
        self.widths = [first, channels - first]
        self.instance = nn.InstanceNorm2d(first, affine=True) if first else nn.Identity()
        self.batch = nn.BatchNorm2d(channels - first) if first < channels else nn.Identity()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Both parts, in the order they came in."""
        first, second = torch.split(x_NCHW, self.widths, 1)
        return torch.cat([self.instance(first), self.batch(second)], 1)


class NormalisedCell(nn.Module):
    """A cell whose result is instance-normalised: IBN-b of Pan et al. 2018, arXiv 1807.09441."""

    def __init__(self, cell: nn.Module, width: int) -> None:
        super().__init__()
        self.cell = cell
        self.norm = nn.InstanceNorm2d(width, affine=True)

    def forward(self, h0: Tensor, h1: Tensor) -> Tensor:
        """What the cell gives, every channel of every image with mean 0 and variance 1, then scale and shift."""
        normalised_NCHW: Tensor = self.norm(self.cell(h0, h1))
        return normalised_NCHW


def use_ibn_a(network: Network, stages: int) -> None:
    """Half instance norm where the cells of the first `stages` stages prepare their newest input."""
    for cell in network.cells[: network.stage_ends[stages - 1] + 1 if stages else 0].modules():
        if isinstance(cell, Cell) and 1 in cell.reads:
            convolution = nn.Conv2d(cell.newest, cell.channels, 1, bias=False)
            initialise(convolution)
            unit = cell.prepare_h1.get_submodule("0")
            unit.add_module("1", nn.Sequential(convolution, InstanceBatchNorm(cell.channels)))


def use_ibn_b(network: Network, stages: int) -> None:
    """Instance norm after the last cell of each of the first `stages` stages."""
    for number in network.stage_ends[:stages]:
        if not isinstance(network.cells[number], Unread):
            network.cells[number] = NormalisedCell(network.cells[number], network.widths[number + 2])


def use_for_batch_norm(network: nn.Module, kind: str) -> None:
    """Group norm with up to 32 groups ("gn"), or layer norm over the channels of each pixel ("ln"), for all of them."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                channels = child.num_features
                norm = nn.GroupNorm(largest_divisor(channels, 32), channels) if kind == "gn" else ChannelNorm(channels)
                setattr(parent, name, norm)
