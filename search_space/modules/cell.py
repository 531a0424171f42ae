"""What all cells have in common: how they prepare their two inputs."""

from torch import Tensor, nn

from search_space.modules.convolution import FactorizedReduction, ReLUConvBN


class Cell(nn.Module):
    """A cell without its graph: it brings the older input h0 and the newest h1 to the size of h1 and its own width.

    `older` and `newest` are the channels of the two. Where there is no older input (None), the cell is given the
    newest one twice and takes it as it comes for h0. With `halves`, h0 is twice as high and wide as h1. (The plumbing
    of NASNet's released code, Zoph et al. 2017, arXiv 1707.07012.)

    A whole cell says which of the two it `reads`, and prepares no other. It gives `outputs` nodes of its width:
    (N, outputs * channels, ceil(H/stride), ceil(W/stride)) for h1's H and W.
    """

    stride: int
    reads: tuple[int, ...]
    outputs: int

    def __init__(self, older: int | None, newest: int, channels: int, halves: bool) -> None:
        super().__init__()
        self.channels_h0 = newest if older is None else channels
        self.prepare_h0: nn.Module = nn.Identity()
        self.prepare_h1: nn.Module = nn.Identity()
        if 0 in self.reads and older is not None:
            if halves:
                self.prepare_h0 = nn.Sequential(nn.ReLU(), FactorizedReduction(older, channels))
            elif older != channels:
                self.prepare_h0 = ReLUConvBN(older, channels)
        if 1 in self.reads:
            self.prepare_h1 = ReLUConvBN(newest, channels)

    def prepare(self, h0: Tensor, h1: Tensor) -> tuple[Tensor, Tensor]:
        """Both inputs, (N, channels_h0, H, W) and (N, channels, H, W), those that are read."""
        return self.prepare_h0(h0), self.prepare_h1(h1)
