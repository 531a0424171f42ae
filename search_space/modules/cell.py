"""What all cells have in common: how they prepare their two inputs."""

from torch import Tensor, nn

from search_space.modules.convolution import FactorizedReduction, ReLUConvBN


class Cell(nn.Module):
    """A cell without its graph: it brings the older input h0 and the newest h1 to the size of h1 and its own width.

    `older` and `newest` are the channels of the two. With `halves`, h0 is twice as high and wide as h1, and goes
    through a factorised reduction; else `fit` says whether it goes through ReLU, a 1x1 convolution and batch norm:
    "always", "width" where its width is another, "never". h1 goes through `units` of these.

    A whole cell says which of the two it `reads`, and prepares no other. It gives `outputs` nodes of its width:
    (N, outputs * channels, ceil(H/stride), ceil(W/stride)) for h1's H and W.

    Its maps have `dims` axes.
    """

    stride: int
    reads: tuple[int, ...]
    outputs: int
    dims = 2

    def __init__(self, older: int, newest: int, channels: int, halves: bool, fit: str, units: int) -> None:
        super().__init__()
        self.arguments = (older, newest, channels, halves, fit, units)
        self.newest = newest
        self.channels = channels
        self.channels_h0 = older if fit == "never" and not halves else channels
        self.prepare_h0: nn.Module = nn.Identity()
        self.prepare_h1: nn.Module = nn.Identity()
        if 0 in self.reads and halves:
            self.prepare_h0 = nn.Sequential(nn.ReLU(), FactorizedReduction(older, channels, self.dims))
        elif 0 in self.reads and (fit == "always" or older != self.channels_h0):
            self.prepare_h0 = ReLUConvBN(older, channels, dims=self.dims)
        if 1 in self.reads:
            widths = [newest] + [channels] * (units - 1)
            self.prepare_h1 = nn.Sequential(*[ReLUConvBN(width, channels, dims=self.dims) for width in widths])

    def prepare(self, h0: Tensor, h1: Tensor) -> tuple[Tensor, Tensor]:
        """Both inputs, (N, channels_h0, H, W) and (N, channels, H, W), those that are read."""
        return self.prepare_h0(h0), self.prepare_h1(h1)
