"""The order in which maps lie in memory."""

import torch
from torch import Tensor, nn

from search_space.modules.cell import Cell
from search_space.modules.network import Network


class ChannelsLast(nn.Module):
    """The same map, (N, C, H, W), with the channels of each pixel side by side in memory.

    Pools and depthwise convolutions take less time on it on a CPU, and nothing needs to be reordered between them.
    """

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The map itself where it lies so already."""
        return x_NCHW.contiguous(memory_format=torch.channels_last)


def put_channels_last(network: Network) -> None:
    """Has all maps after the stem, and the kernels of the cells, lie in memory with their channels last."""
    network.layout = ChannelsLast()
    for kernel in network.cells.parameters():
        if kernel.ndim == 4:
            kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)


def use_channels_last(network: Network) -> None:
    """Puts channels last, but not where cells are narrow and have only dense convolutions, which take more time so."""
    parts = list(network.cells.modules())
    grouped = any(isinstance(part, nn.Conv2d) and part.groups > 1 for part in parts)
    pools = any(isinstance(part, nn.AvgPool2d | nn.MaxPool2d) for part in parts)
    if grouped or pools or min(part.channels for part in parts if isinstance(part, Cell)) >= 16:
        put_channels_last(network)
