"""Large receptive fields from cheap depthwise convolutions."""

import torch
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.dilated_rep import DilatedRep


class InceptionMixer(nn.Module):
    """The depthwise mixer of InceptionNeXt (Yu et al. 2023, arXiv 2303.16900).

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), for three channels or more. Of four groups
    of channels the first, and by far the largest, passes; the others, `ratio` of the channels each and at least one,
    go through a square, a 1 x band and a band x 1 convolution with biases.
    """

    def __init__(self, channels: int, stride: int, *, ratio: float, band: int, square: int) -> None:
        super().__init__()
        self.stride = stride
        mixed = max(1, int(channels * ratio))
        self.widths = [channels - 3 * mixed, mixed, mixed, mixed]
        self.square = nn.Conv2d(mixed, mixed, square, stride, square // 2, groups=mixed)
        self.row = nn.Conv2d(mixed, mixed, (1, band), stride, (0, band // 2), groups=mixed)
        self.column = nn.Conv2d(mixed, mixed, (band, 1), stride, (band // 2, 0), groups=mixed)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The groups, in the order they came in."""
        passing, square, row, column = torch.split(x_NCHW, self.widths, 1)
        passing = passing[:, :, :: self.stride, :: self.stride]
        return torch.cat([passing, self.square(square), self.row(row), self.column(column)], 1)


class InceptionDepthwise(nn.Sequential):
    """ReLU, the inception mixer, a pointwise convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        stride: int = 1,
        *,
        ratio: float = 0.125,
        band: int = 11,
        square: int = 3,
    ) -> None:
        super().__init__(
            nn.ReLU(),
            InceptionMixer(channels_in, stride, ratio=ratio, band=band, square=square),
            ConvNorm(channels_in, channels),
        )


class Band(nn.Sequential):
    """ReLU, a 1 x kernel and a kernel x 1 depthwise convolution, a pointwise one, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). A separable large kernel, at 2 x kernel
    weights a channel. (Peng et al. 2017, arXiv 1703.02719, of one branch and depthwise.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int) -> None:
        padding = kernel // 2
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(channels_in, channels_in, (1, kernel), (1, stride), (0, padding), groups=channels_in, bias=False),
            nn.Conv2d(channels_in, channels_in, (kernel, 1), (stride, 1), (padding, 0), groups=channels_in, bias=False),
            ConvNorm(channels_in, channels),
        )


class LargeKernelRep(nn.Sequential):
    """ReLU, a large depthwise kernel trained with dilated ones beside it, a pointwise convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        super().__init__(
            nn.ReLU(),
            DilatedRep(channels_in, stride, kernel=kernel, dims=dims),
            ConvNorm(channels_in, channels, dims=dims),
        )
