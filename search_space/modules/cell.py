"""What all cells have in common: how they prepare their two inputs."""

from torch import Tensor, nn

from search_space.modules.convolution import FactorizedReduction, ReLUConvBN


class Cell(nn.Module):
    """A cell without its graph: it brings the older input h0 and the newest h1 to the size of h1 and its own width.

    `older` and `newest` are the channels of the two. ReLU, a 1x1 convolution and batch norm bring them there, or ReLU
    and a factorised reduction where `halves`: h0 is twice as high and wide then. With `raw_h0`, as in the first cell
    of a network, an h0 of the size of h1 stays as it comes.

    A whole cell says which of the two it `reads`, and prepares no other. It gives `outputs` nodes of its width:
    (N, outputs * channels, ceil(H/stride), ceil(W/stride)) for h1's H and W. The `older_input` and the `newest_units`
    are those of its skeleton: how h0 is prepared, and how often h1 is.

    Its maps have `dims` axes.
    """

    stride: int
    reads: tuple[int, ...]
    outputs: int
    older_input = "raw-first"
    newest_units = 1
    dims = 2
    prepare_h0: nn.Module
    prepare_h1: nn.Module

    def __init__(self, older: int, newest: int, channels: int, halves: bool, raw_h0: bool) -> None:
        super().__init__()
        self.arguments = (older, newest, channels, halves, raw_h0)
        self.newest = newest
        self.channels = channels
        if self.older_input == "raw-first":
            self.channels_h0 = older if raw_h0 and not halves else channels
        else:
            self.channels_h0 = channels
        if 0 not in self.reads:
            self.prepare_h0 = nn.Identity()
        elif halves:
            self.prepare_h0 = nn.Sequential(nn.ReLU(), FactorizedReduction(older, channels, self.dims))
        elif self.older_input == "prepared" or older != self.channels_h0:
            self.prepare_h0 = ReLUConvBN(older, channels, dims=self.dims)
        else:
            self.prepare_h0 = nn.Identity()
        if 1 not in self.reads:
            self.prepare_h1 = nn.Identity()
        elif self.newest_units == 1:
            self.prepare_h1 = nn.Sequential(ReLUConvBN(newest, channels, dims=self.dims))
        else:
            # The newest input goes through two of these in a row, as in the released code of ENAS (arXiv 1802.03268).
            units = [ReLUConvBN(width, channels, dims=self.dims) for width in (newest, channels)]
            self.prepare_h1 = nn.Sequential(*units)

    def prepare(self, h0: Tensor, h1: Tensor) -> tuple[Tensor, Tensor]:
        """Both inputs, (N, channels_h0, H, W) and (N, channels, H, W), those that are read."""
        return self.prepare_h0(h0), self.prepare_h1(h1)
