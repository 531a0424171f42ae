"""What layers cost: parameters, multiply-accumulates and bytes moved, as numbers that add up.

Conventions: parameters are the trainable ones, so batch norm counts its scale and shift but not its statistics.
MACs are those of convolutions and linear layers, for one sample.

Bytes moved are what layers, pools, sums and concatenations read and write for one sample in float32, weights included;
the products of an attention and the copies of windows are such layers. ReLU and batch norm move nothing, since in the
inference form they are part of their neighbours, nor does other elementwise maths of one map, padding, or another order
in memory. Elementwise maths of several maps is one step, as a sum is, up to where a layer reads it or where it ends in
a mean, a maximum or a softmax: it reads each map once and is written once. Kernels that are built from weights count as
the weights that they are. What steps over pixels reads them too. A number takes four bytes, an index as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TypeAlias

Size: TypeAlias = tuple[int, ...]
"""Height and width, in pixels; a length, or depth, height and width, where maps have one axis, or three."""

BYTES_PER_NUMBER = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """Trainable parameters, multiply-accumulates a sample, and bytes moved a sample.

    `norm_params` are those of the parameters that are the scales and shifts of norms.
    """

    params: int = 0
    macs: int = 0
    bytes_moved: int = 0
    norm_params: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.params + other.params,
            self.macs + other.macs,
            self.bytes_moved + other.bytes_moved,
            self.norm_params + other.norm_params,
        )

    def times(self, turns: int) -> Cost:
        """What it costs to run so many times, with the same weights and other norms."""
        own = turns * self.norm_params
        return Cost(self.params - self.norm_params + own, turns * self.macs, turns * self.bytes_moved, own)


def strided(size: Size, stride: int) -> Size:
    """The size after a stride: rounded up, so that odd sizes are allowed."""
    return tuple([-(-pixels // stride) for pixels in size])


def moved(channels_in: int, size_in: Size, channels: int, size: Size) -> Cost:
    """Reading one map and writing another, without weights: a pool, a shift, a copy."""
    numbers = channels_in * prod(size_in) + channels * prod(size)
    return Cost(bytes_moved=BYTES_PER_NUMBER * numbers)


def convolution(
    channels_in: int,
    channels: int,
    kernel: Size,
    size_in: Size,
    size: Size,
    *,
    groups: int = 1,
    bias: bool = False,
) -> Cost:
    """One convolution from `size_in` to `size`."""
    weights = prod(kernel) * (channels_in // groups) * channels
    params = weights + channels * bias
    traffic = moved(channels_in, size_in, channels, size)
    return Cost(params, weights * prod(size), BYTES_PER_NUMBER * params) + traffic


def depthwise(channels: int, kernel: Size, size_in: Size, size: Size, *, bias: bool = False) -> Cost:
    """One convolution that keeps its channels apart."""
    return convolution(channels, channels, kernel, size_in, size, groups=channels, bias=bias)


def pointwise_norm(channels_in: int, channels: int, size: Size) -> Cost:
    """A 1x1 convolution and a batch norm."""
    return convolution(channels_in, channels, (1, 1), size, size) + batch_norm(channels)


def batch_norm(channels: int) -> Cost:
    """One batch norm: scale and shift."""
    return Cost(params=2 * channels, norm_params=2 * channels)


def linear(features: int, outputs: int, *, bias: bool = True) -> Cost:
    """One linear layer, on a single vector."""
    weights = features * outputs
    params = weights + outputs * bias
    return Cost(params, weights, BYTES_PER_NUMBER * (params + features + outputs))
