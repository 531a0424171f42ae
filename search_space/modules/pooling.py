"""Average and maximum pooling, alone and between two pointwise convolutions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.adapter import Adapter
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.convolution import ReLUConvBN


class VolumeAverage(nn.AvgPool3d):
    """An average pool for volumes smaller than its kernel too, which torch refuses to pad.

    (N, channels, D, H, W) -> (N, channels, ceil(D/stride), ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, kernel: int, stride: int, margin: int, *, count_include_pad: bool) -> None:
        super().__init__(kernel, stride, margin, count_include_pad=count_include_pad)
        self.margin = margin

    def forward(self, x_NCDHW: Tensor) -> Tensor:
        """The sums over the voxels that are there, divided by how many these are."""
        margins = (self.margin,) * 6
        sums_NCDHW = F.avg_pool3d(F.pad(x_NCDHW, margins), self.kernel_size, self.stride)
        present = F.pad(torch.ones_like(x_NCDHW[:1, :1]), margins)
        return sums_NCDHW / F.avg_pool3d(present, self.kernel_size, self.stride)


class AveragePool(nn.Sequential):
    """The average over a window of `kernel` along every axis; padding takes no part.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Where the widths differ, a 1x1
    convolution and a batch norm follow, without ReLU, as in NASNet's released code.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        average: type[nn.Module] = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: VolumeAverage}[dims]
        super().__init__(
            average(kernel, stride, kernel // 2, count_include_pad=False),
            Adapter(channels_in, channels, dims),
        )


class MaxPool(nn.Sequential):
    """The maximum over a window of `kernel` along every axis; padding takes no part.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Where the widths differ, a 1x1
    convolution and a batch norm follow, without ReLU, as in NASNet's released code.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        maximum: type[nn.Module] = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[dims]
        super().__init__(maximum(kernel, stride, kernel // 2), Adapter(channels_in, channels, dims))


class PoolSandwich(nn.Sequential):
    """ReLU, a 1x1 convolution to a quarter of `channels`, batch norm, ReLU, a maximum pool, a 1x1, batch norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)): the efficient bottleneck of PfLayer
    (Han et al. 2022, arXiv 2202.02777), where the pool stands in for a 3x3 convolution. A quarter is 2 at least.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        width = max(2, channels // 4)
        super().__init__(
            ReLUConvBN(channels_in, width, dims=dims),
            nn.ReLU(),
            {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[dims](kernel, stride, kernel // 2),
            ConvNorm(width, channels, dims=dims),
        )
