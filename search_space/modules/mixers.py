"""The two mixers of SpaRTAN: of space at two rates of dilation, and of channels as waves."""

import torch
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm


class SqueezeExcite(nn.Module):
    """Scales each channel by what all channels are on average, in `hidden` numbers: (N, channels, H, W) -> the same.

    (Hu et al. 2017, arXiv 1709.01507.)
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.scales = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The scaled channels."""
        scaled_NCHW: Tensor = x_NCHW * self.scales(x_NCHW)
        return scaled_NCHW


class SpatialMixer(nn.Module):
    """A 1x1 convolution to half of `channels`, a near and a far view of it, a 1x1 over both, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), for two channels or more. The near view is
    a depthwise 3x3 convolution, the far one two at dilation 2; each ends in norm, GELU, squeeze and excite.
    (SpaRTAN: Pay et al. 2025, arXiv 2507.10999, as in its later stages.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        half = channels // 2
        self.halve = nn.Conv2d(channels_in, half, 1)
        self.contrast = nn.Parameter(torch.full((half, 1, 1), 1e-5))
        self.near = nn.Sequential(
            ConvNorm(half, half, 3, stride, 1, groups=half),
            nn.GELU(),
            SqueezeExcite(half, max(1, half // 4)),
        )
        self.far = nn.Sequential(
            nn.Conv2d(half, half, 3, stride, 2, 2, groups=half, bias=False),
            ConvNorm(half, half, 3, 1, 2, 2, groups=half),
            nn.GELU(),
            SqueezeExcite(half, max(1, half // 4)),
        )
        self.join = ConvNorm(2 * half, channels)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Both views of the input, whose contrast to its mean is raised a little."""
        half_NCHW = self.halve(x_NCHW)
        half_NCHW = half_NCHW + self.contrast * (half_NCHW - half_NCHW.mean((2, 3), keepdim=True))
        joined_NCHW: Tensor = self.join(torch.cat([self.near(half_NCHW), self.far(half_NCHW)], 1))
        return joined_NCHW


class WaveMixer(nn.Module):
    """Channels as waves that interfere: two 1x1 convolutions to `expansion` times the width multiply, and turn.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)); `expansion` is even. To each product that
    of the pixel's strongest input channel is added; each two channels are the parts of a complex number, which a
    learned one multiplies; a grouped 3x3 convolution, norm, GELU, squeeze and excite, a 1x1 and norm
    follow. (SpaRTAN: Pay et al. 2025, arXiv 2507.10999, as in its later stages.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, expansion: int) -> None:
        super().__init__()
        width = expansion * channels_in
        self.amplitude = nn.Conv2d(channels_in, width, 1)
        self.phase = nn.Sequential(nn.Conv2d(channels_in, width, 1), nn.GELU())
        self.turn_real = nn.Parameter(torch.ones(width // 2, 1, 1))
        self.turn_imaginary = nn.Parameter(torch.zeros(width // 2, 1, 1))
        self.project = nn.Sequential(
            ConvNorm(width, width, 3, stride, 1, groups=channels_in),
            nn.GELU(),
            SqueezeExcite(width, max(1, channels_in // 4)),
            ConvNorm(width, channels),
        )

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The waves after they met; no gradient says which channel is the strongest."""
        waves_NCHW = self.amplitude(x_NCHW) * self.phase(x_NCHW)
        waves_NCHW = waves_NCHW + waves_NCHW.gather(1, x_NCHW.argmax(1, keepdim=True))
        y_NCHW: Tensor = self.project(self.turned(waves_NCHW))
        return y_NCHW

    def turned(self, waves_NCHW: Tensor) -> Tensor:
        """Real and imaginary parts, which take turns among the channels, multiplied by the learned numbers."""
        real, imaginary = waves_NCHW[:, ::2], waves_NCHW[:, 1::2]
        turned_real = self.turn_real * real - self.turn_imaginary * imaginary
        turned_imaginary = self.turn_imaginary * real + self.turn_real * imaginary
        return torch.stack([turned_real, turned_imaginary], 2).flatten(1, 2)
