"""Other norms than batch norm."""

import torch
from torch import Tensor, nn

from search_space.modules.cell import Cell
from search_space.modules.convolution import FactorizedReduction
from search_space.modules.divisor import largest_divisor
from search_space.modules.network import Network, initialise
from search_space.modules.residual import ChannelNorm
from search_space.modules.unread import Unread


class InstanceBatchNorm(nn.Module):
    """Instance norm for the first `share` of the channels, batch norm for the others: (N, channels, H, W) -> the same.

    IBN-a of Pan et al. 2018, arXiv 1807.09441, for odd widths too: the instance norm's part is rounded down.
    """

    def __init__(self, channels: int, share: float = 0.5, dims: int = 2) -> None:
        super().__init__()
        first = int(share * channels)
        self.widths = [first, channels - first]
        batch_norm = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[dims]
        self.instance = instance_norm(first, dims) if first else nn.Identity()
        self.batch = batch_norm(channels - first) if first < channels else nn.Identity()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Both parts, in the order they came in."""
        first, second = torch.split(x_NCHW, self.widths, 1)
        return torch.cat([self.instance(first), self.batch(second)], 1)


def instance_norm(channels: int, dims: int) -> nn.Module:
    """Instance norm with a scale and a shift for each channel: (N, channels, H, W) -> the same."""
    return {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}[dims](channels, affine=True)


class NormalisedCell(nn.Module):
    """A cell whose result is instance-normalised: IBN-b of Pan et al. 2018, arXiv 1807.09441."""

    def __init__(self, cell: nn.Module, width: int, dims: int = 2) -> None:
        super().__init__()
        self.cell = cell
        self.norm = instance_norm(width, dims)

    def forward(self, h0: Tensor, h1: Tensor) -> Tensor:
        """What the cell gives, every channel of every image with mean 0 and variance 1, then scale and shift."""
        normalised_NCHW: Tensor = self.norm(self.cell(h0, h1))
        return normalised_NCHW


def use_ibn_a(network: Network, stages: int) -> None:
    """Half instance norm where the cells of the first `stages` stages, one or more, prepare their newest input."""
    for part in network.cells[: network.stage_ends[stages - 1] + 1].modules():
        if isinstance(part, Cell) and 1 in part.reads:
            convolution = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[part.dims]
            pointwise = convolution(part.newest, part.channels, 1, bias=False)
            initialise(pointwise)
            unit = part.prepare_h1.get_submodule("0")
            unit.add_module("1", nn.Sequential(pointwise, InstanceBatchNorm(part.channels, dims=part.dims)))


def use_ibn_b(network: Network, stages: int, dims: int = 2) -> None:
    """Instance norm after the last cell of each of the first `stages` stages."""
    for number in network.stage_ends[:stages]:
        if not isinstance(network.cells[number], Unread):
            network.cells[number] = NormalisedCell(network.cells[number], network.result_widths[number], dims)


def use_norm(network: Network, norm: str, dims: int = 2) -> None:
    """Puts another norm in place of batch norm, "bn"; ValueError where that cannot be.

    "ibn_a" and "ibn_b" do as `use_ibn_a` and `use_ibn_b`; "gn" is group norm, "ln" layer norm over the channels of each
    pixel.
    """
    stages = min(2, len(network.stage_ends) - 1)
    if norm in ("ibn_a", "ibn_b") and not stages:
        raise ValueError(f"{norm} is for stages before the last one, and there is only one")
    if norm == "ibn_a":
        use_ibn_a(network, stages)
    elif norm == "ibn_b":
        use_ibn_b(network, stages, dims)
    elif norm in ("gn", "ln"):
        use_for_batch_norm(network, norm)
    elif norm != "bn":
        raise ValueError(f"a norm is bn, ibn_a, ibn_b, gn or ln, not {norm}")


def use_for_batch_norm(network: nn.Module, replacement: str) -> None:
    """Puts an `other_norm` in place of every batch norm.

    A factorised reduction has one norm over both halves, which batch norm need not see together.
    """
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, FactorizedReduction):
                channels = 0
                for half in (child.even, child.odd):
                    channels += len(half.get_parameter("0.weight"))
                    half[1] = nn.Identity()
                parent.add_module(name, nn.Sequential(child, other_norm(channels, replacement)))
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
                parent.add_module(name, other_norm(child.num_features, replacement))


def other_norm(channels: int, replacement: str) -> nn.Module:
    """The norm that `use_for_batch_norm` puts in place of one of so many channels: (N, channels, H, W) -> the same."""
    if replacement == "ln":
        return ChannelNorm(channels)
    # Up to 32 groups (Wu, He 2018, arXiv 1803.08494), of at least two channels where there are two: one alone would be
    # zero on one pixel.
    return nn.GroupNorm(largest_divisor(channels, max(1, min(32, channels // 2))), channels)
