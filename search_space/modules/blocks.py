"""The residual blocks of mobile and modern networks, as operators."""

from torch import nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.divisor import largest_divisor
from search_space.modules.residual import (
    ChannelNorm,
    ChannelsLastConv,
    PixelConv,
    PixelGELU,
    Residual,
    ScaledConv,
    SignalPixelConv,
    VolumePixelConv,
)


class MBConv(Residual):
    """A 1x1 convolution to `expansion` times the width, a depthwise one, a 1x1 back; norm with each, SiLU between.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)); the input is added where shapes allow.
    (MobileNetV2: Sandler et al. 2018, arXiv 1801.04381; with SiLU as in EfficientNet, arXiv 1905.11946.)
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, expansion: int, dims: int = 2
    ) -> None:
        width = expansion * channels_in
        super().__init__(
            channels_in,
            channels,
            stride,
            ConvNorm(channels_in, width, dims=dims),
            nn.SiLU(),
            ConvNorm(width, width, kernel, stride, kernel // 2, groups=width, dims=dims),
            nn.SiLU(),
            ConvNorm(width, channels, dims=dims),
        )


class ConvFirst(Residual):
    """A grouped convolution at the width of its input, then a 1x1 to `expansion` times the width and a 1x1 back.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)); the input is added where shapes allow.
    Norm with each, SiLU only before the last. Groups are as wide as divides the input, up to `group_width`.
    (Lavin 2024, arXiv 2404.03617.)
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        stride: int = 1,
        *,
        kernel: int,
        expansion: int,
        group_width: int,
        dims: int = 2,
    ) -> None:
        groups = channels_in // largest_divisor(channels_in, group_width)
        super().__init__(
            channels_in,
            channels,
            stride,
            ConvNorm(channels_in, channels_in, kernel, stride, kernel // 2, groups=groups, dims=dims),
            ConvNorm(channels_in, expansion * channels, dims=dims),
            nn.SiLU(),
            ConvNorm(expansion * channels, channels, dims=dims),
        )


class ConvNeXt(Residual):
    """A depthwise convolution, layer norm, a 1x1 to `expansion` times the width, GELU, a 1x1 back; biases.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)); where shapes allow, the input is added to
    what is scaled by almost nothing in the beginning. (Liu et al. 2022, arXiv 2201.03545.)
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, expansion: int, dims: int = 2
    ) -> None:
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: ChannelsLastConv, 3: nn.Conv3d}[dims]
        pixel_conv: type[nn.Module] = {1: SignalPixelConv, 2: PixelConv, 3: VolumePixelConv}[dims]
        width = expansion * channels
        adds = stride == 1 and channels_in == channels
        super().__init__(
            channels_in,
            channels,
            stride,
            convolution(channels_in, channels_in, kernel, stride, kernel // 2, groups=channels_in),
            ChannelNorm(channels_in),
            pixel_conv(channels_in, width),
            PixelGELU(),
            ScaledConv(width, channels, 1e-6, dims) if adds else pixel_conv(width, channels),
        )
