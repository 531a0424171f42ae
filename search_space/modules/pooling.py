"""Average and maximum pooling, alone and between two pointwise convolutions."""

from torch import nn

from search_space.modules.adapter import Adapter
from search_space.modules.conv_norm import ConvNorm
from search_space.modules.convolution import ReLUConvBN


class Pool(nn.Sequential):
    """The average ("avg") or maximum ("max") over kernel x kernel pixels; padding takes no part in either.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Where the widths differ, a 1x1
    convolution and a batch norm follow, without ReLU, as in NASNet's released code.
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, kind: str, kernel: int, dims: int = 2
    ) -> None:
        pool = {
            "avg": {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}[dims](
                kernel, stride, kernel // 2, count_include_pad=False
            ),
            "max": {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[dims](kernel, stride, kernel // 2),
        }[kind]
        super().__init__(pool, Adapter(channels_in, channels, dims))


class PoolSandwich(nn.Sequential):
    """ReLU, a 1x1 convolution to a quarter of `channels`, batch norm, ReLU, a maximum pool, a 1x1, batch norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)): the efficient bottleneck of PfLayer
    (Han et al. 2022, arXiv 2202.02777), where the pool stands in for a 3x3 convolution.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        width = channels // 4
        super().__init__(
            ReLUConvBN(channels_in, width, dims=dims),
            nn.ReLU(),
            {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[dims](kernel, stride, kernel // 2),
            ConvNorm(width, channels, dims=dims),
        )
