"""Channels that move by a pixel: mixing space without a parameter."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.adapter import Adapter


class Shift(nn.Module):
    """Channels in 3^axes groups, each moved by one offset of a window of 3 along every axis; zeros move in.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Where the widths differ, a 1x1
    convolution and a norm follow. (Wu et al. 2017, arXiv 1711.08141.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, dims: int = 2) -> None:
        super().__init__()
        self.stride = stride
        self.adapter = Adapter(channels_in, channels, dims)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Of images, group g reads the pixel at row g // 3 - 1 and column g % 3 - 1 from its own."""
        sizes = x_NCHW.shape[2:]
        groups = F.pad(x_NCHW, (1, 1) * len(sizes)).tensor_split(3 ** len(sizes), dim=1)
        moved = []
        for number, group in enumerate(groups):
            offsets = [number // 3**axis % 3 for axis in reversed(range(len(sizes)))]
            window = [slice(at, at + size, self.stride) for at, size in zip(offsets, sizes, strict=True)]
            moved.append(group[(slice(None), slice(None), *window)])
        shifted_NCHW: Tensor = self.adapter(torch.cat(moved, 1))
        return shifted_NCHW
