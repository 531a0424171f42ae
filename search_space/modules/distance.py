"""Layers that measure how far a patch is from learned patches, where a convolution measures how alike they are."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm


class DistanceL2(nn.Module):
    """Minus the squared distance of each patch from learned ones, weighted pixel by pixel; norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Pixels outside the map are zeros and as
    far from a learned patch as any. Not for half precision, in which the squares cancel. (Ghiasi-Shirazi 2017,
    arXiv 1707.09864.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int) -> None:
        super().__init__()
        self.stride = stride
        self.patches = nn.Parameter(torch.randn(channels, channels_in, kernel, kernel))
        # The softplus of these is the weights, which begin such that distances begin as means.
        means = torch.full((channels, channels_in, kernel, kernel), 1 / (channels_in * kernel**2))
        self.raw_weights = nn.Parameter(means.expm1().log())
        self.norm = nn.BatchNorm2d(channels)

    def kernels(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of -a (x - w)^2, summed: the kernel for x^2, the kernel for x, and what is left, for each channel."""
        weights = F.softplus(self.raw_weights)
        weighted = weights * self.patches
        return -weights, 2 * weighted, -(weighted * self.patches).sum((1, 2, 3))

    def similarities(self, x_NCHW: Tensor) -> Tensor:
        """Minus the distances, before the norm."""
        of_squares, of_pixels, rest = self.kernels()
        padding = of_pixels.shape[-1] // 2
        squares_NCHW = F.conv2d(x_NCHW.square(), of_squares, None, self.stride, padding)
        return squares_NCHW + F.conv2d(x_NCHW, of_pixels, rest, self.stride, padding)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Near is high."""
        y_NCHW: Tensor = self.norm(self.similarities(x_NCHW))
        return y_NCHW


class DistanceL1(nn.Module):
    """Minus the sum of absolute differences of each patch from learned ones; norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Only differences and additions, but no
    convolution: it copies every patch. (Ghiasi-Shirazi 2017, arXiv 1707.09864.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int) -> None:
        super().__init__()
        self.stride = stride
        self.patches = nn.Parameter(torch.randn(channels, channels_in, kernel, kernel))
        self.norm = nn.BatchNorm2d(channels)

    def similarities(self, x_NCHW: Tensor) -> Tensor:
        """Minus the distances, before the norm."""
        batch, _, height, width = x_NCHW.shape
        kernel = self.patches.shape[-1]
        seen = F.unfold(x_NCHW, kernel, padding=kernel // 2, stride=self.stride).transpose(1, 2)
        distances = torch.cdist(seen.flatten(0, 1), self.patches.flatten(1), p=1.0)
        rows, columns = -(-height // self.stride), -(-width // self.stride)
        return -distances.reshape(batch, rows, columns, -1).permute(0, 3, 1, 2)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Near is high."""
        y_NCHW: Tensor = self.norm(self.similarities(x_NCHW))
        return y_NCHW


class RadialBasis(nn.Module):
    """A Gaussian of the distance of each patch from learned ones, in (0, 1].

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Each learned patch has a reach of its
    own. (Ghiasi-Shirazi 2017, arXiv 1707.09864.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int, *, kernel: int) -> None:
        super().__init__()
        self.stride = stride
        self.patches = nn.Parameter(torch.randn(channels, channels_in, kernel, kernel))
        means = torch.full((channels, 1, 1), 1 / (channels_in * kernel**2))
        self.raw_sharpness = nn.Parameter(means.expm1().log())

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """1 where the patch is the learned one."""
        kernel = self.patches.shape[-1]
        squares_N1HW = x_NCHW.square().sum(1, keepdim=True)
        squares_N1HW = F.avg_pool2d(squares_N1HW, kernel, self.stride, kernel // 2, divisor_override=1)
        products_NCHW = F.conv2d(x_NCHW, self.patches, None, self.stride, kernel // 2)
        distances_NCHW = squares_N1HW - 2 * products_NCHW + self.patches.square().sum((1, 2, 3))[:, None, None]
        return torch.exp(-F.softplus(self.raw_sharpness) * distances_NCHW.clamp(min=0))


class RadialBasisConv(nn.Sequential):
    """Radial basis functions of learned patches, a pointwise convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int) -> None:
        super().__init__(RadialBasis(channels_in, channels, stride, kernel=kernel), ConvNorm(channels, channels))
