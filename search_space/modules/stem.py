"""What comes before the cells."""

from torch import Tensor, nn

from search_space.modules.conv_norm import ConvNorm
from search_space.modules.unread import Unread


class SingleStem(nn.Module):
    """A 3x3 convolution and batch norm, without ReLU: both inputs of the first cell, which are one tensor.

    It makes of (N, input_channels, H, W) twice (N, channels, H, W) without `shrinks`. With `shrinks`, it makes of
    (N, input_channels, H, W) twice (N, channels, (H - 1) // 2, (W - 1) // 2), as NASNet's released code for ImageNet.
    """

    older_is_larger = False

    def __init__(self, input_channels: int, channels: int, shrinks: bool = False, dims: int = 2) -> None:
        super().__init__()
        self.channels = channels
        self.convolution = ConvNorm(input_channels, channels, 3, 2 if shrinks else 1, 0 if shrinks else 1, dims=dims)

    def forward(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """The same tensor as older and newest input."""
        newest = self.convolution(x_NCHW)
        return newest, newest

    def leave_out_newest(self) -> None:
        """Nothing: the older input is the newest."""


class DoubleStem(nn.Module):
    """Three 3x3 convolutions with stride 2, of which the first cell reads the last two (Liu et al., arXiv 1806.09055).

    (N, input_channels, H, W) -> (N, channels, ceil(H/4), ceil(W/4)) and (N, channels, ceil(H/8), ceil(W/8)).
    """

    older_is_larger = True

    def __init__(self, input_channels: int, channels: int, dims: int = 2) -> None:
        super().__init__()
        self.channels = channels
        self.older = nn.Sequential(
            ConvNorm(input_channels, channels // 2, 3, stride=2, padding=1, dims=dims),
            nn.ReLU(),
            ConvNorm(channels // 2, channels, 3, stride=2, padding=1, dims=dims),
        )
        self.newest: nn.Module = nn.Sequential(
            nn.ReLU(), ConvNorm(channels, channels, 3, stride=2, padding=1, dims=dims)
        )

    def forward(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """The older and the newest input of the first cell."""
        older = self.older(x_NCHW)
        return older, self.newest(older)

    def leave_out_newest(self) -> None:
        """The older input, at the size of the newest, stands for both."""
        self.newest = Unread(2)
