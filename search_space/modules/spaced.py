"""Depthwise kernels whose few weights learn where they lie."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm


def signal_kernels(weight: Tensor, shares: Tensor) -> Tensor:
    """Kernels (channels, kernel) from weights (channels, count) and their shares (1, channels, count, kernel)."""
    return (weight[..., None] * shares[0]).sum(1)


def image_kernels(weight: Tensor, shares: Tensor) -> Tensor:
    """Kernels (channels, kernel, kernel) from weights (channels, count) and their shares (2, channels, count, kernel).

    The shares along the width come first.
    """
    across, down = shares
    kernels: Tensor = (weight[..., None] * down).mT @ across
    return kernels


def volume_kernels(weight: Tensor, shares: Tensor) -> Tensor:
    """Kernels (channels, kernel, kernel, kernel) from weights (channels, count) and their shares.

    These are (3, channels, count, kernel), those along the width first and those along the depth last.
    """
    across, down, deep = shares
    columns = weight[..., None, None] * deep[..., None] * down[:, :, None]
    return torch.unflatten(columns.flatten(2).mT @ across, 1, columns.shape[2:])


class SpacedConv(nn.Module):
    """A depthwise convolution with `count` weights a channel, at learned places of a kernel x kernel grid, and a bias.

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). `positions` (axes, channels, count) are
    offsets from the middle, in pixels, along the last axis first. A weight is spread over the grid with a total of 1:
    "linear" to the nearest pixels, "gauss" with learned standard deviations. After training this is one plain
    convolution. (DCLS: Khalfaoui-Hassani et al. 2021, arXiv 2112.03740; gauss: 2023, arXiv 2306.00817.)
    """

    def __init__(self, channels: int, stride: int, *, kernel: int, count: int, spread: str, dims: int = 2) -> None:
        super().__init__()
        self.dims = dims
        self.stride = stride
        self.reach = kernel // 2
        self.weight = nn.Parameter(torch.empty(channels, count).uniform_(-1, 1) * count**-0.5)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.positions = nn.Parameter(0.5 * torch.randn(dims, channels, count))
        self.deviations = nn.Parameter(torch.full((dims, channels, count), 0.23)) if spread == "gauss" else None

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
        kernels_of = {1: signal_kernels, 2: image_kernels, 3: volume_kernels}[self.dims]
        return kernels_of(self.weight, shares / shares.sum(-1, keepdim=True))[:, None]

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The convolution with the kernels as they are now."""
        convolve = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[self.dims]
        return convolve(x_NCHW, self.kernels(), self.bias, self.stride, self.reach, groups=len(self.weight))


class SpacedSeparable(nn.Sequential):
    """ReLU, a depthwise convolution with learned spacings, a pointwise one, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, count: int, spread: str, dims: int = 2
    ) -> None:
        super().__init__(
            nn.ReLU(),
            SpacedConv(channels_in, stride, kernel=kernel, count=count, spread=spread, dims=dims),
            ConvNorm(channels_in, channels, dims=dims),
        )
