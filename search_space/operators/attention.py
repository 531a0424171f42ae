"""Local attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from search_space.counting import Cost, Size, convolution, moved, pointwise_norm, strided
from search_space.modules.divisor import largest_divisor
from search_space.operators.base import Operator


@dataclass(frozen=True, slots=True)
class Halo(Operator):
    """Blocks of pixels that attend to themselves and a margin around them, in a pre-activated unit.

    Heads are 8 channels wide, or the most below that into which the width divides.
    """

    block: int = 8
    halo: int = 3

    family: ClassVar[str] = "attention"
    source: ClassVar[str] = "Vaswani et al. 2021, arXiv 2103.12731"
    module: ClassVar[str] = "attention:Halo"

    @property
    def summary(self) -> str:
        b, w = self.block, self.window
        return f"ReLU, attention of each {b}x{b} block to the {w}x{w} pixels about it, pointwise, batch norm."

    @property
    def window(self) -> int:
        """Rows, and columns, of keys for each block."""
        return self.block + 2 * self.halo

    def cost(self, channels_in: int, channels: int, size: Size, stride: int = 1) -> Cost:
        """As ever the MACs of convolutions; those of the attention's own products are `products`."""
        padded = self._padded(size)
        asked, size_out = strided(padded, stride), strided(size, stride)
        windows = (padded[0] // self.block * self.window, padded[1] // self.block * self.window)
        projections = convolution(channels_in, channels, (1, 1), padded, asked)
        for _ in ("keys", "values"):
            projections += convolution(channels_in, channels, (1, 1), padded, padded)
        offsets = Cost(params=2 * (2 * self.window - 1) * largest_divisor(channels, 8))
        attention = moved(channels, asked, channels, asked) + moved(2 * channels, windows, 0, size)
        return projections + offsets + attention + pointwise_norm(channels, channels, size_out)

    def products(self, channels: int, size: Size, stride: int = 1) -> int:
        """Multiply-accumulates of queries with keys and of weights with values, which no MACs include."""
        height, width = strided(self._padded(size), stride)
        return 2 * height * width * self.window**2 * channels

    def _padded(self, size: Size) -> Size:
        return -(-size[0] // self.block) * self.block, -(-size[1] // self.block) * self.block
