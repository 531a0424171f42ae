"""Large kernels without their centre, mixed by how much detail there is at a pixel."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm


class DetailCues(nn.Module):
    """How much detail there is around each pixel: (N, C, H, W) -> (N, 3, ceil(H/stride), ceil(W/stride)).

    Means over the channels of the Sobel gradient, the absolute Laplacian and the variance of 3x3 pixels. The filters
    are fixed, and no gradient flows back.
    """

    filters: Tensor

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        sobel = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
        laplacian = [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]
        filters = torch.tensor([sobel, [list(row) for row in zip(*sobel, strict=True)], laplacian])
        self.register_buffer("filters", filters[:, None], persistent=False)

    @torch.no_grad()
    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Gradient, Laplacian, variance."""
        channels = x_NCHW.shape[1]
        filtered = F.conv2d(x_NCHW, self.filters.repeat(channels, 1, 1, 1), None, self.stride, 1, groups=channels)
        across, down, laplacian = torch.unflatten(filtered, 1, (channels, 3)).unbind(2)
        mean, of_squares = (F.avg_pool2d(of, 3, self.stride, 1) for of in (x_NCHW, x_NCHW.square()))
        gradient = (across.square() + down.square() + 1e-6).sqrt()
        variance = (of_squares - mean.square()).clamp(min=0)
        return torch.stack([cue.mean(1) for cue in (gradient, laplacian.abs(), variance)], 1)


class Periphery(nn.Module):
    """A depthwise 1 x kernel and kernel x 1 convolution less a learned share of a 3x3 one: the surround of a pixel.

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, channels: int, stride: int, *, kernel: int) -> None:
        super().__init__()
        padding = kernel // 2
        self.row = nn.Conv2d(channels, channels, (1, kernel), (1, stride), (0, padding), groups=channels, bias=False)
        self.column = nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), (padding, 0), groups=channels, bias=False)
        self.centre = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
        self.share = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The surround; in the beginning the centre is still in it."""
        surround_NCHW: Tensor = self.column(self.row(x_NCHW)) - self.share.tanh() * self.centre(x_NCHW)
        return surround_NCHW


class PeripheralGating(nn.Module):
    """Surrounds of several sizes, mixed at each pixel by weights that follow from the detail there.

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, channels: int, stride: int, *, kernels: tuple[int, ...]) -> None:
        super().__init__()
        self.surrounds = nn.ModuleList(Periphery(channels, stride, kernel=kernel) for kernel in kernels)
        self.cues = DetailCues(stride)
        self.gate = nn.Conv2d(3, len(kernels), 1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The mixture; its weights add up to 1."""
        shares = self.gate(self.cues(x_NCHW)).softmax(1).split(1, 1)
        terms = [share * surround(x_NCHW) for share, surround in zip(shares, self.surrounds, strict=True)]
        return torch.stack(terms).sum(0)


class PeripheralSeparable(nn.Sequential):
    """ReLU, peripheral gating, a pointwise convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). (PFGNet: Cai et al. 2026,
    arXiv 2602.20537.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernels: tuple[int, ...]) -> None:
        super().__init__(
            nn.ReLU(),
            PeripheralGating(channels_in, stride, kernels=kernels),
            ConvNorm(channels_in, channels),
        )
