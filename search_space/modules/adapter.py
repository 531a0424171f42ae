"""A change of width, where one is needed."""

from torch import nn

from search_space.modules.conv_norm import ConvNorm


class Adapter(nn.Sequential):
    """A 1x1 convolution and norm where the widths differ, nothing where they do not; no ReLU.

    (N, channels_in, H, W) -> (N, channels, H, W).
    """

    def __init__(self, channels_in: int, channels: int, dims: int = 2) -> None:
        super().__init__(*([] if channels_in == channels else [ConvNorm(channels_in, channels, dims=dims)]))
