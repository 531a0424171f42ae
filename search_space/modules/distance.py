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

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        super().__init__()
        self.stride = stride
        self.patches = nn.Parameter(torch.randn(channels, channels_in, *[kernel] * dims))
        # The softplus of these is the weights, which begin such that distances begin as means.
        means = torch.full(self.patches.shape, 1 / self.patches[0].numel())
        self.raw_weights = nn.Parameter(means.expm1().log())
        self.norm = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[dims](channels)

    def kernels(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of -a (x - w)^2, summed: the kernel for x^2, the kernel for x, and what is left, for each channel."""
        weights = F.softplus(self.raw_weights)
        weighted = weights * self.patches
        return -weights, 2 * weighted, -(weighted * self.patches).sum([*range(1, weighted.ndim)])

    def similarities(self, x_NCHW: Tensor) -> Tensor:
        """Minus the distances, before the norm."""
        of_squares, of_pixels, rest = self.kernels()
        padding = of_pixels.shape[-1] // 2
        convolve = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[x_NCHW.ndim - 2]
        squares_NCHW = convolve(x_NCHW.square(), of_squares, None, self.stride, padding)
        return squares_NCHW + convolve(x_NCHW, of_pixels, rest, self.stride, padding)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Near is high."""
        y_NCHW: Tensor = self.norm(self.similarities(x_NCHW))
        return y_NCHW


def signal_patches(x_NCL: Tensor, kernel: int, stride: int) -> Tensor:
    """All that a convolution of `kernel` would see: (N * places, channels * kernel)."""
    seen = F.unfold(x_NCL[:, :, None], (1, kernel), padding=(0, kernel // 2), stride=(1, stride))
    return seen.transpose(1, 2).flatten(0, 1)


def image_patches(x_NCHW: Tensor, kernel: int, stride: int) -> Tensor:
    """All that a kernel x kernel convolution would see: (N * places, channels * kernel * kernel)."""
    return F.unfold(x_NCHW, kernel, padding=kernel // 2, stride=stride).transpose(1, 2).flatten(0, 1)


def volume_patches(x_NCDHW: Tensor, kernel: int, stride: int) -> Tensor:
    """All that a kernel x kernel x kernel convolution would see: (N * places, channels * kernel^3).

    Slices that lie behind each other are channels of an image, whose patches are those of the volume.
    """
    margin = kernel // 2
    slices = F.pad(x_NCDHW, (0, 0, 0, 0, margin, margin)).unfold(2, kernel, stride).permute(0, 2, 1, 5, 3, 4)
    return image_patches(slices.flatten(2, 3).flatten(0, 1), kernel, stride)


class DistanceL1(nn.Module):
    """Minus the sum of absolute differences of each patch from learned ones; norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Only differences and additions, but no
    convolution: it copies every patch. (Ghiasi-Shirazi 2017, arXiv 1707.09864.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        super().__init__()
        self.stride = stride
        self.patches = nn.Parameter(torch.randn(channels, channels_in, *[kernel] * dims))
        self.norm = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[dims](channels)

    def similarities(self, x_NCHW: Tensor) -> Tensor:
        """Minus the distances, before the norm."""
        patches_of = {1: signal_patches, 2: image_patches, 3: volume_patches}[x_NCHW.ndim - 2]
        seen = patches_of(x_NCHW, self.patches.shape[-1], self.stride)
        distances = torch.cdist(seen, self.patches.flatten(1), p=1.0)
        sides = [-(-side // self.stride) for side in x_NCHW.shape[2:]]
        return -distances.reshape(x_NCHW.shape[0], *sides, -1).movedim(-1, 1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Near is high."""
        y_NCHW: Tensor = self.norm(self.similarities(x_NCHW))
        return y_NCHW


def signal_sums(x_NCL: Tensor, kernel: int, stride: int) -> Tensor:
    """Sums over all that a convolution of `kernel` would see of a channel: (N, C, L) -> (N, C, ceil(L/stride))."""
    return kernel * F.avg_pool1d(x_NCL, kernel, stride, kernel // 2)


def image_sums(x_NCHW: Tensor, kernel: int, stride: int) -> Tensor:
    """Sums over all that a kernel x kernel convolution would see of a channel.

    (N, C, H, W) -> (N, C, ceil(H/stride), ceil(W/stride)).
    """
    return F.avg_pool2d(x_NCHW, kernel, stride, kernel // 2, divisor_override=1)


def volume_sums(x_NCDHW: Tensor, kernel: int, stride: int) -> Tensor:
    """Sums over all that a kernel x kernel x kernel convolution would see of a channel, of volumes smaller than it too.

    (N, C, D, H, W) -> (N, C, ceil(D/stride), ceil(H/stride), ceil(W/stride)).
    """
    return F.avg_pool3d(F.pad(x_NCDHW, (kernel // 2,) * 6), kernel, stride, divisor_override=1)


class RadialBasis(nn.Module):
    """A Gaussian of the distance of each patch from learned ones, in (0, 1].

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Each learned patch has a reach of its
    own. (Ghiasi-Shirazi 2017, arXiv 1707.09864.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int, *, kernel: int, dims: int = 2) -> None:
        super().__init__()
        self.stride = stride
        self.patches = nn.Parameter(torch.randn(channels, channels_in, *[kernel] * dims))
        means = torch.full((channels, *[1] * dims), 1 / self.patches[0].numel())
        self.raw_sharpness = nn.Parameter(means.expm1().log())

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """1 where the patch is the learned one."""
        kernel = self.patches.shape[-1]
        sums = {1: signal_sums, 2: image_sums, 3: volume_sums}[x_NCHW.ndim - 2]
        convolve = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[x_NCHW.ndim - 2]
        squares_N1HW = sums(x_NCHW.square().sum(1, keepdim=True), kernel, self.stride)
        products_NCHW = convolve(x_NCHW, self.patches, None, self.stride, kernel // 2)
        of_patches = self.patches.square().sum([*range(1, x_NCHW.ndim)]).view_as(self.raw_sharpness)
        distances_NCHW = squares_N1HW - 2 * products_NCHW + of_patches
        return torch.exp(-F.softplus(self.raw_sharpness) * distances_NCHW.clamp(min=0))


class RadialBasisConv(nn.Sequential):
    """Radial basis functions of learned patches, a pointwise convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        super().__init__(
            RadialBasis(channels_in, channels, stride, kernel=kernel, dims=dims),
            ConvNorm(channels, channels, dims=dims),
        )
