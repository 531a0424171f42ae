"""The skip connection, in the two forms it has where it cannot be one."""

from torch import nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.convolution import FactorizedReduction, ReLUConvBN


class Identity(nn.Sequential):
    """The input itself; where stride or width change, ReLU, a strided 1x1 convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), as in NASNet's released code.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, dims: int = 2) -> None:
        changes = stride != 1 or channels_in != channels
        super().__init__(*([nn.ReLU(), ConvNorm(channels_in, channels, stride=stride, dims=dims)] if changes else []))


class SkipConnect(nn.Sequential):
    """The input itself; ReLU and a factorised reduction where it is strided, ReLU, a 1x1 and norm where widened.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), as in ENAS and DARTS (Liu et al. 2018,
    arXiv 1806.09055), whose reduction this is wherever height and width are even.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, dims: int = 2) -> None:
        if stride != 1:
            super().__init__(nn.ReLU(), FactorizedReduction(channels_in, channels, dims))
        elif channels_in != channels:
            super().__init__(ReLUConvBN(channels_in, channels, dims=dims))
        else:
            super().__init__()
