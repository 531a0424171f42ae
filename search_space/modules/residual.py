"""Layers with their input added, and what else residual blocks have in common."""

import torch
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
    """Layer norm over the channels of each pixel: (N, channels, H, W) -> the same; so for maps of any axes."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Mean 0 and variance 1 over the channels, then scale and shift."""
        return super().forward(x_NCHW.movedim(1, -1)).movedim(-1, 1)


class ScaledConv(nn.Module):
    """A 1x1 convolution with bias, and a scale for each channel that begins at `scale`: LayerScale.

    (N, channels_in, H, W) -> (N, channels, H, W). (Touvron et al. 2021, arXiv 2103.17239.)
    """

    def __init__(self, channels_in: int, channels: int, scale: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, 1)
        self.scale = nn.Parameter(torch.full((channels, 1, 1), scale))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The scaled convolution."""
        scaled_NCHW: Tensor = self.scale * self.conv(x_NCHW)
        return scaled_NCHW
