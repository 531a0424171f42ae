"""The inference forms of what training has in more pieces. What is here stands for the class of its name."""

from torch import Tensor, nn

from search_space.modules.residual import PixelConv, SignalPixelConv, VolumePixelConv


def ConvNorm(  # noqa: N802 - it stands for a class, and is one of three
    channels_in: int,
    channels: int,
    kernel: int | tuple[int, ...] = 1,
    stride: int | tuple[int, ...] = 1,
    padding: int | tuple[int, ...] = 0,
    dilation: int = 1,
    groups: int = 1,
    dims: int = 2,
) -> nn.Module:
    """A convolution with a bias, into which the batch norm that followed it in training has been folded.

    (N, channels_in, H, W) -> (N, channels, ceil(H/s), ceil(W/s)). `kernel` and `stride` are given for all axes alike,
    or for each.

    With `dims` 1 or 3, maps have so many axes in place of height and width; so everywhere.
    """
    convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
    return convolution(channels_in, channels, kernel, stride, padding, dilation, groups)


def DilatedRep(channels: int, stride: int, *, kernel: int, dims: int = 2) -> nn.Module:  # noqa: N802 - as above
    """A depthwise kernel x kernel convolution, into which those beside it in training have been merged.

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). (UniRepLKNet: Zhang et al. 2024,
    arXiv 2410.08049.)
    """
    return ConvNorm(channels, channels, kernel, stride, kernel // 2, groups=channels, dims=dims)


def ScaledConv(channels_in: int, channels: int, scale: float, dims: int = 2) -> nn.Module:  # noqa: N802 - as above
    """A 1x1 convolution with bias, which has taken in its scale: (N, channels_in, H, W) -> (N, channels, H, W).

    (LayerScale: Touvron et al. 2021, arXiv 2103.17239.)
    """
    return {1: SignalPixelConv, 2: PixelConv, 3: VolumePixelConv}[dims](channels_in, channels)


def SpacedConv(  # noqa: N802 - as above
    channels: int, stride: int, *, kernel: int, count: int, spread: str, dims: int = 2
) -> nn.Module:
    """A depthwise kernel x kernel convolution, whose kernels are those that learned spacings came to.

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). `count` and `spread` are of the training.
    (DCLS: Khalfaoui-Hassani et al. 2021, arXiv 2112.03740; gauss: 2023, arXiv 2306.00817.)
    """
    convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
    return convolution(channels, channels, kernel, stride, kernel // 2, groups=channels)


class DistanceL2(nn.Module):
    """Minus a weighted squared distance from learned patches, multiplied out, with its batch norm taken in.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). (Ghiasi-Shirazi 2017, arXiv 1707.09864.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        super().__init__()
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        self.of_squares = convolution(channels_in, channels, kernel, stride, kernel // 2, bias=False)
        self.of_pixels = convolution(channels_in, channels, kernel, stride, kernel // 2)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Near is high."""
        y_NCHW: Tensor = self.of_squares(x_NCHW.square()) + self.of_pixels(x_NCHW)
        return y_NCHW
