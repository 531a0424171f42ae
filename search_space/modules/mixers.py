"""The two mixers of SpaRTAN: of space at two rates of dilation, and of channels as waves."""

import torch
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm


class SqueezeExcite(nn.Module):
    """Scales each channel by what all channels are on average, in `hidden` numbers: (N, channels, H, W) -> the same.

    (Hu et al. 2017, arXiv 1709.01507.)
    """

    def __init__(self, channels: int, hidden: int, dims: int = 2) -> None:
        super().__init__()
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        self.scales = nn.Sequential(
            {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}[dims](1),
            convolution(channels, hidden, 1),
            nn.ReLU(),
            convolution(hidden, channels, 1),
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

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, dims: int = 2) -> None:
        super().__init__()
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        half = channels // 2
        self.halve = convolution(channels_in, half, 1)
        self.contrast = nn.Parameter(torch.full((half, *[1] * dims), 1e-5))
        self.near = nn.Sequential(
            ConvNorm(half, half, 3, stride, 1, groups=half, dims=dims),
            nn.GELU(),
            SqueezeExcite(half, max(1, half // 4), dims),
        )
        self.far = nn.Sequential(
            convolution(half, half, 3, stride, 2, 2, groups=half, bias=False),
            ConvNorm(half, half, 3, 1, 2, 2, groups=half, dims=dims),
            nn.GELU(),
            SqueezeExcite(half, max(1, half // 4), dims),
        )
        self.join = ConvNorm(2 * half, channels, dims=dims)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Both views of the input, whose contrast to its mean is raised a little."""
        half_NCHW = self.halve(x_NCHW)
        mean_NC11 = half_NCHW.mean([*range(2, x_NCHW.ndim)], keepdim=True)
        half_NCHW = half_NCHW + self.contrast * (half_NCHW - mean_NC11)
        joined_NCHW: Tensor = self.join(torch.cat([self.near(half_NCHW), self.far(half_NCHW)], 1))
        return joined_NCHW


class WaveMixer(nn.Module):
    """Channels as waves that interfere: two 1x1 convolutions to `expansion` times the width multiply, and turn.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)); `expansion` is even. To each product that
    of the pixel's strongest input channel is added; each two channels are the parts of a complex number, which a
    learned one multiplies; a grouped 3x3 convolution, norm, GELU, squeeze and excite, a 1x1 and norm
    follow. (SpaRTAN: Pay et al. 2025, arXiv 2507.10999, as in its later stages.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, expansion: int, dims: int = 2) -> None:
        super().__init__()
        convolution: type[nn.Module] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]
        width = expansion * channels_in
        self.amplitude = convolution(channels_in, width, 1)
        self.phase = nn.Sequential(convolution(channels_in, width, 1), nn.GELU())
        self.turn_real = nn.Parameter(torch.ones(width // 2, *[1] * dims))
        self.turn_imaginary = nn.Parameter(torch.zeros(width // 2, *[1] * dims))
        self.project = nn.Sequential(
            ConvNorm(width, width, 3, stride, 1, groups=channels_in, dims=dims),
            nn.GELU(),
            SqueezeExcite(width, max(1, channels_in // 4), dims),
            ConvNorm(width, channels, dims=dims),
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
