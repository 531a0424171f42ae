"""Local attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from search_space.counting import Cost, Size, convolution, moved, pointwise_norm, strided, weights
from search_space.modules.divisor import largest_divisor
from search_space.operators.base import Operator
from search_space.operators.drawing import chain


@dataclass(frozen=True, slots=True)
class Halo(Operator):
    """Blocks of pixels that attend to themselves and a margin around them, in a pre-activated unit.

    Heads are 8 channels wide, or the most below that into which the width divides. The products of the attention, twice
    the pixels of a window times C for each pixel, are not in the MACs. Blocks are squares with offsets for rows and for
    columns, as published; of signals they are stretches with one offset. It is not for volumes, where each voxel would
    weigh the 2,744 of its window.
    """

    block: int = 8
    halo: int = 3

    family: ClassVar[str] = "attention"
    source: ClassVar[str] = "Vaswani et al. 2021, arXiv 2103.12731"
    module: ClassVar[str] = "attention:Halo"
    dims: ClassVar[tuple[int, ...]] = (1, 2)
    slow: ClassVar[str] = (
        "Everywhere: it is mostly products that are not in the MACs, and copies of windows. For small maps."
    )

    @property
    def summary(self) -> str:
        b, w = self.block, self.window
        return f"ReLU, attention of each {b}x{b} block to the {w}x{w} pixels about it, pointwise, batch norm."

    @property
    def window(self) -> int:
        """Along each axis, how many keys there are for each block."""
        return self.block + 2 * self.halo

    @property
    def drawing(self) -> str:
        attention = f"attention {self.block}x{self.block} to {self.window}x{self.window}"
        return chain("ReLU", attention, "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        padded = tuple(-(-pixels // self.block) * self.block for pixels in size)
        asked, size_out = strided(padded, stride), strided(size, stride)
        windows = tuple(pixels // self.block * self.window for pixels in padded)
        total = convolution(channels_in, channels, (1, 1), size, asked)
        for _ in ("keys", "values"):
            total += convolution(channels_in, channels, (1, 1), size, padded)
            total += moved(channels, padded, channels, windows)
        total += self._attention(channels, stride, asked, windows)
        return total + pointwise_norm(channels, channels, size_out)

    def _attention(self, channels: int, stride: int, asked: Size, windows: Size) -> Cost:
        """Logits by keys and by offsets, softmax, the mean of the values; each head has a map for each key.

        Where heads are one channel wide, their products with offsets are elementwise, a part of the softmax's step.
        """
        axes, width = len(asked), largest_divisor(channels, 8)
        heads = channels // width
        logits, nearness = heads * self.window**axes, heads * self.window
        total = weights(axes * (2 * self.window - 1) * width)
        for _ in range(axes if width > 1 else 0):
            total += moved(channels, asked, nearness, asked)
            total += moved(width, (self.block // stride, self.window), 0, asked)  # an offset for each query and key
        total += moved(channels, asked, logits, asked) + moved(channels, windows, 0, asked)
        total += moved(logits + (axes * nearness if width > 1 else channels), asked, logits, asked)
        return total + moved(logits, asked, channels, asked) + moved(channels, windows, 0, asked)
