"""Depthwise convolutions followed by pointwise ones."""

from torch import nn

from search_space.modules.conv_norm import ConvNorm


class DepthwiseSeparable(nn.Sequential):
    """ReLU, a depthwise kernel x kernel convolution, a pointwise one, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). With `dilation` 2 this is the dilated
    separable convolution of DARTS (Liu et al. 2018, arXiv 1806.09055); large kernels are worth their while in one
    (Ding et al. 2022, arXiv 2203.06717).
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dilation: int = 1, dims: int = 2
    ) -> None:
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        padding = dilation * (kernel - 1) // 2
        super().__init__(
            nn.ReLU(),
            convolution(channels_in, channels_in, kernel, stride, padding, dilation, channels_in, bias=False),
            ConvNorm(channels_in, channels, dims=dims),
        )


class SeparableConv(nn.Sequential):
    """The separable convolution of NASNet (Zoph et al. 2017, arXiv 1707.07012): two depthwise separable units.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)); the first unit carries the stride and
    the change of width.
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 2) -> None:
        super().__init__(
            DepthwiseSeparable(channels_in, channels, stride, kernel=kernel, dims=dims),
            DepthwiseSeparable(channels, channels, kernel=kernel, dims=dims),
        )


class ThinSeparableConv(nn.Sequential):
    """ReLU, a depthwise convolution of `height` x `width` weights, a pointwise one, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). An even kernel sees one pixel more at
    the end than at the beginning, as in Keras and so in EEGNet (Lawhern et al. 2018, arXiv 1611.08024).
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, height: int, width: int) -> None:
        super().__init__(
            nn.ReLU(),
            nn.ZeroPad2d(((width - 1) // 2, width // 2, (height - 1) // 2, height // 2)),
            nn.Conv2d(channels_in, channels_in, (height, width), stride, groups=channels_in, bias=False),
            ConvNorm(channels_in, channels),
        )


class SignalSeparableConv(nn.Sequential):
    """ReLU, a depthwise convolution of `kernel` weights along a signal, a pointwise one, norm.

    (N, channels_in, L) -> (N, channels, ceil(L/stride)). An even kernel sees one sample more at the end than at the
    beginning, as in Keras and so in EEGNet (Lawhern et al. 2018, arXiv 1611.08024).
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, dims: int = 1) -> None:
        super().__init__(
            nn.ReLU(),
            nn.ZeroPad1d(((kernel - 1) // 2, kernel // 2)),
            nn.Conv1d(channels_in, channels_in, kernel, stride, groups=channels_in, bias=False),
            ConvNorm(channels_in, channels, dims=dims),
        )
