"""The edge that is not there."""

from torch import Tensor, nn


class Zero(nn.Module):
    """Zeros, whatever comes in: (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride))."""

    def __init__(self, channels_in: int, channels: int, stride: int = 1, *, dims: int = 2) -> None:
        super().__init__()
        self.channels = channels
        self.stride = stride

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Zeros of the type and on the device of the input, through which no gradient flows."""
        sizes = [-(-size // self.stride) for size in x_NCHW.shape[2:]]
        return x_NCHW.new_zeros(x_NCHW.shape[0], self.channels, *sizes)
