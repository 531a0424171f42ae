"""Layers with their input added, and what else residual blocks have in common."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """Layers whose input is added to their output where neither stride nor width change its shape."""

    def __init__(self, channels_in: int, channels: int, stride: int, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.adds = stride == 1 and channels_in == channels

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """(N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), as the layers do it."""
        y_NCHW: Tensor = self.layers(x_NCHW)
        return x_NCHW + y_NCHW if self.adds else y_NCHW


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel: (N, channels, H, W) -> the same."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Mean 0 and variance 1 over the channels, then scale and shift."""
        return super().forward(x_NCHW.movedim(1, -1)).movedim(-1, 1)


class ChannelsLastConv(nn.Conv2d):
    """A convolution that first puts the channels of each pixel side by side in memory, as its result has them too.

    So a depthwise one takes a third to two thirds of its time on processors, over both passes.
    """

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The convolution; a map that lies so already is not copied."""
        return super().forward(x_NCHW.contiguous(memory_format=torch.channels_last))


class PixelConv(nn.Conv2d):
    """A 1x1 convolution with bias: (N, channels_in, H, W) -> (N, channels, H, W).

    It is written as the product of matrices that it is, which leaves the channels of each pixel side by side in memory.
    After ChannelNorm they lie so already, and nothing is copied; a convolution would reorder them in both passes.
    """

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__(channels_in, channels, 1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Each pixel by itself."""
        return F.linear(x_NCHW.movedim(1, -1), self.weight.flatten(1), self.bias).movedim(-1, 1)


class SignalPixelConv(nn.Conv1d):
    """A pointwise convolution with bias, as a product of matrices: (N, channels_in, L) -> (N, channels, L)."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__(channels_in, channels, 1)

    def forward(self, x_NCL: Tensor) -> Tensor:
        """Each point in time by itself."""
        return F.linear(x_NCL.movedim(1, -1), self.weight.flatten(1), self.bias).movedim(-1, 1)


class VolumePixelConv(nn.Conv3d):
    """A pointwise convolution with bias, as a product: (N, channels_in, D, H, W) -> (N, channels, D, H, W)."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__(channels_in, channels, 1)

    def forward(self, x_NCDHW: Tensor) -> Tensor:
        """Each voxel by itself."""
        return F.linear(x_NCDHW.movedim(1, -1), self.weight.flatten(1), self.bias).movedim(-1, 1)


class PixelGELU(nn.GELU):
    """GELU for maps with the channels of each pixel side by side, for which torch alone takes its slower code."""

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Number by number, in the order in which they lie."""
        return super().forward(x_NCHW.movedim(1, -1)).movedim(-1, 1)


class ScaledConv(nn.Module):
    """A 1x1 convolution with bias, and a scale for each channel that begins at `scale`: LayerScale.

    (N, channels_in, H, W) -> (N, channels, H, W). (Touvron et al. 2021, arXiv 2103.17239.)
    """

    def __init__(self, channels_in: int, channels: int, scale: float, dims: int = 2) -> None:
        super().__init__()
        self.conv = {1: SignalPixelConv, 2: PixelConv, 3: VolumePixelConv}[dims](channels_in, channels)
        self.scale = nn.Parameter(torch.full((channels, *[1] * dims), scale))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The scaled convolution."""
        scaled_NHWC: Tensor = self.scale.flatten() * self.conv(x_NCHW).movedim(1, -1)
        return scaled_NHWC.movedim(-1, 1)
