"""A convolution and its batch norm, as they are trained."""

from torch import nn


class ConvNorm(nn.Sequential):
    """A convolution without bias, then batch norm: (N, channels_in, H, W) -> (N, channels, ceil(H/s), ceil(W/s)).

    `kernel` and `stride` are given for all axes alike, or for each.

    With `dims` 1 or 3, maps have so many axes in place of height and width; so everywhere.
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        kernel: int | tuple[int, ...] = 1,
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        dilation: int = 1,
        groups: int = 1,
        dims: int = 2,
    ) -> None:
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        norm: type[nn.Module] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[dims]
        super().__init__(
            convolution(channels_in, channels, kernel, stride, padding, dilation, groups, bias=False),
            norm(channels),
        )
