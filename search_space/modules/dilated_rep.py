"""Large depthwise kernels that are trained with dilated small ones beside them."""

from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.dilated_branches import DILATED_BRANCHES


class DilatedRep(nn.Module):
    """The sum of a depthwise kernel x kernel convolution and of dilated smaller ones, each with its norm.

    (N, channels, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)). After training this is one convolution.
    (UniRepLKNet: Zhang et al. 2024, arXiv 2410.08049.)
    """

    def __init__(self, channels: int, stride: int, *, kernel: int, dims: int = 2) -> None:
        super().__init__()
        self.large = ConvNorm(channels, channels, kernel, stride, kernel // 2, groups=channels, dims=dims)
        self.dilated = nn.ModuleList(
            ConvNorm(channels, channels, size, stride, rate * (size // 2), rate, channels, dims)
            for size, rate in DILATED_BRANCHES[kernel]
        )

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The sum of the branches."""
        y_NCHW: Tensor = self.large(x_NCHW)
        for branch in self.dilated:
            y_NCHW = y_NCHW + branch(x_NCHW)
        return y_NCHW
