"""Average and maximum pooling."""

from torch import nn

from search_space.modules.adapter import Adapter


class Pool(nn.Sequential):
    """The average ("avg") or maximum ("max") over kernel x kernel pixels; padding takes no part in either.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). Where the widths differ, a 1x1
    convolution and a batch norm follow, without ReLU, as in NASNet's released code.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kind: str, kernel: int) -> None:
        pool = {
            "avg": nn.AvgPool2d(kernel, stride, kernel // 2, count_include_pad=False),
            "max": nn.MaxPool2d(kernel, stride, kernel // 2),
        }[kind]
        super().__init__(pool, Adapter(channels_in, channels))
