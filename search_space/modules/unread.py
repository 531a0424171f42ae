"""What stands for a map that no cell reads."""

from torch import Tensor, nn


class Unread(nn.Module):
    """Stands for a layer or cell whose result no other reads, where cells read only their older input.

    (N, ..., H, W) -> (N, ..., ceil(H/stride), ceil(W/stride)) of the newest input.
    """

    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, *inputs: Tensor) -> Tensor:
        """Any numbers, for they are not read; but a cell of zeros has its size from here."""
        axes = inputs[-1].ndim - 2
        return inputs[-1][(slice(None), slice(None), *[slice(None, None, self.stride)] * axes)]
