"""The skip connection."""

from torch import nn

from search_space.modules.conv_norm import ConvNorm


class Identity(nn.Sequential):
    """The input itself; where stride or width change, ReLU, a strided 1x1 convolution, batch norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), as in NASNet's released code.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1) -> None:
        changes = stride != 1 or channels_in != channels
        super().__init__(*([nn.ReLU(), ConvNorm(channels_in, channels, stride=stride)] if changes else []))
