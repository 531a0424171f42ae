"""Depthwise kernels whose few weights learn where they lie."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm


class SpacedConv(nn.Module):
    """A depthwise convolution with `count` weights a channel, at learned places of a kernel x kernel grid, and a bias.

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). `positions` (2, channels, count) are offsets
    from the middle, in pixels, along the width and then the height. A weight is spread over the grid with a total of
    1: "linear" to the nearest pixels, "gauss" with learned standard deviations. After training this is one plain
    convolution. (DCLS: Khalfaoui-Hassani et al. 2021, arXiv 2112.03740; gauss: 2023, arXiv 2306.00817.)
    """

    def __init__(self, channels: int, stride: int, *, kernel: int, count: int, spread: str) -> None:
        super().__init__()
        self.stride = stride
        self.reach = kernel // 2
        self.weight = nn.Parameter(torch.empty(channels, count).uniform_(-1, 1) * count**-0.5)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.positions = nn.Parameter(0.5 * torch.randn(2, channels, count))
        self.deviations = nn.Parameter(torch.full((2, channels, count), 0.23)) if spread == "gauss" else None

    def kernels(self) -> Tensor:
        """The plain kernels, (channels, 1, kernel, kernel)."""
        # Where a step has moved a weight off the grid it is put back on the border, from where it can return. `data`,
        # because between two steps this changes nothing that a backward pass still needs.
        self.positions.data.clamp_(-self.reach, self.reach)
        grid = torch.arange(-self.reach, self.reach + 1, dtype=self.weight.dtype, device=self.weight.device)
        distances = grid - self.positions[..., None]
        if self.deviations is None:
            shares = F.relu(1 - distances.abs())
        else:
            shares = torch.exp(-0.5 * (distances / (self.deviations.abs()[..., None] + 0.27)) ** 2)
        across, down = shares / shares.sum(-1, keepdim=True)
        kernels: Tensor = (self.weight[..., None] * down).mT @ across
        return kernels[:, None]

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The convolution with the kernels as they are now."""
        return F.conv2d(x_NCHW, self.kernels(), self.bias, self.stride, self.reach, groups=len(self.weight))


class SpacedSeparable(nn.Sequential):
    """ReLU, a depthwise convolution with learned spacings, a pointwise one, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, count: int, spread: str
    ) -> None:
        super().__init__(
            nn.ReLU(),
            SpacedConv(channels_in, stride, kernel=kernel, count=count, spread=spread),
            ConvNorm(channels_in, channels),
        )
