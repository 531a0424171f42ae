"""Dense convolutions: plain, dilated, factorised, and the one that halves a map at any size."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm


class ReLUConvBN(nn.Sequential):
    """ReLU, a dense kernel x kernel convolution, norm.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(
        self, channels_in: int, channels: int, stride: int = 1, *, kernel: int = 1, dilation: int = 1, dims: int = 2
    ) -> None:
        padding = dilation * (kernel - 1) // 2
        super().__init__(nn.ReLU(), ConvNorm(channels_in, channels, kernel, stride, padding, dilation, dims=dims))


class FactorizedConv(nn.Sequential):
    """ReLU, a 1 x kernel convolution, a kernel x 1 one, norm: full width and no norm between, as in DARTS.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int) -> None:
        padding = kernel // 2
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(channels_in, channels, (1, kernel), (1, stride), (0, padding), bias=False),
            ConvNorm(channels, channels, (kernel, 1), (stride, 1), (padding, 0)),
        )


class BottleneckConv(nn.Sequential):
    """Four times ReLU, a convolution and norm: 1x1 to `width`, 1 x kernel, kernel x 1, and 1x1 to `channels`.

    (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)), where the `width` between is
    `eighths` / 8 of `channels`, rounded down, 2 at least. (AmoebaNet's released code, Real et al. 2018, arXiv
    1802.01548.)
    """

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, kernel: int, eighths: int) -> None:
        width, padding = max(2, channels * eighths // 8), kernel // 2
        super().__init__(
            ReLUConvBN(channels_in, width),
            nn.ReLU(),
            ConvNorm(width, width, (1, kernel), (1, stride), (0, padding)),
            nn.ReLU(),
            ConvNorm(width, width, (kernel, 1), (stride, 1), (padding, 0)),
            ReLUConvBN(width, channels),
        )


class FactorizedReduction(nn.Module):
    """Halves height and width and sets the width, losing no pixel: (N, channels_in, H, W) -> (N, channels, H/2, W/2).

    One 1x1 convolution sees the even pixels and another the odd ones, which are padded with zeros at the bottom and
    the right, so that odd sizes work too: H/2 is rounded up. No ReLU. (NASNet's released code; its one batch norm
    over both halves is two here, which is the same.)
    """

    def __init__(self, channels_in: int, channels: int, dims: int = 2) -> None:
        super().__init__()
        self.even = ConvNorm(channels_in, channels // 2, dims=dims)
        self.odd = ConvNorm(channels_in, channels - channels // 2, dims=dims)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The even pixels' channels, then the odd ones'."""
        axes = x_NCHW.ndim - 2
        even_NCHW = x_NCHW[(slice(None), slice(None), *[slice(None, None, 2)] * axes)]
        odd_NCHW = x_NCHW[(slice(None), slice(None), *[slice(1, None, 2)] * axes)]
        missing = [pixels for side in reversed(x_NCHW.shape[2:]) for pixels in (0, side % 2)]
        return torch.cat([self.even(even_NCHW), self.odd(F.pad(odd_NCHW, missing))], 1)
