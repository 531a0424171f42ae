"""From a map of any size to one number a channel."""

import torch
from torch import Tensor, nn


class GlobalPool(nn.Module):
    """The "average" of all pixels of a channel, the "max", or the generalised mean "gem", whose exponent is learned.

    (N, C, H, W) -> (N, C). ValueError for another kind. (GeM: Radenovic et al. 2017, arXiv 1711.02512.)
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        if kind not in ("average", "max", "gem"):
            raise ValueError(f"a head is average, max or gem, not {kind}")
        self.kind = kind
        self.exponent = nn.Parameter(torch.full((1,), 3.0)) if kind == "gem" else None

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """One number a channel."""
        pixels = tuple(range(2, x_NCHW.ndim))
        if self.kind == "max":
            return x_NCHW.amax(pixels)
        if self.exponent is not None:
            return x_NCHW.clamp(min=1e-6).pow(self.exponent).mean(pixels).pow(1 / self.exponent)
        return x_NCHW.mean(pixels)
