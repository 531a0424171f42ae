"""What layers cost: parameters, multiply-accumulates and bytes moved, as numbers that add up.

Conventions: parameters are the trainable ones, so batch norm counts its scale and shift but not its statistics.
MACs are those of convolutions and linear layers, for one sample. Both are counted of the form that is trained, and of
the inference form (`search_space.merge`), in which a batch norm is a bias of the convolution before it.

Bytes moved are what layers, pools, sums and concatenations read and write for one sample in float32, weights included;
the products of an attention and the copies of windows are such layers. ReLU and batch norm move nothing, since in the
inference form they are part of their neighbours, nor does other elementwise maths of one map, padding, or another order
in memory. Norms that read what they normalise (instance, group and layer norm) are layers. Elementwise maths of several
maps is one step, as a sum is, up to where a layer reads it or where it ends in a mean, a maximum or a softmax: it reads
each map once and is written once. Kernels that are built from weights count as the weights that they are. What steps
over pixels reads them too. A number takes four bytes, an index as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

Size: TypeAlias = tuple[int, ...]
"""Height and width, in pixels; a length, or depth, height and width, where maps have one axis, or three."""

BYTES_PER_NUMBER = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """Trainable parameters, multiply-accumulates a sample, and bytes moved a sample, of the form that is trained.

    `norm_params` are those of the parameters that are the scales and shifts of norms. `inference_params` and
    `inference_macs` are what the inference form has. Were its batch norms of a kind that cannot be folded, they would
    move `norm_bytes` more, and leave the inference form `folded_params` and `folded_macs` more.
    """

    params: int = 0
    macs: int = 0
    bytes_moved: int = 0
    norm_params: int = 0
    inference_params: int = 0
    inference_macs: int = 0
    norm_bytes: int = 0
    folded_params: int = 0
    folded_macs: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.params + other.params,
            self.macs + other.macs,
            self.bytes_moved + other.bytes_moved,
            self.norm_params + other.norm_params,
            self.inference_params + other.inference_params,
            self.inference_macs + other.inference_macs,
            self.norm_bytes + other.norm_bytes,
            self.folded_params + other.folded_params,
            self.folded_macs + other.folded_macs,
        )

    def times(self, turns: int) -> Cost:
        """What it costs to run so many times, with the same weights and other norms; merged, with other weights too."""
        own = turns * self.norm_params
        return Cost(
            self.params - self.norm_params + own,
            turns * self.macs,
            turns * self.bytes_moved,
            own,
            turns * self.inference_params,
            turns * self.inference_macs,
            turns * self.norm_bytes,
            turns * self.folded_params,
            turns * self.folded_macs,
        )

    def with_unfolded_norms(self) -> Cost:
        """The same with norms of another kind in place of its batch norms."""
        return replace(
            self,
            bytes_moved=self.bytes_moved + self.norm_bytes,
            inference_params=self.inference_params + self.folded_params,
            inference_macs=self.inference_macs + self.folded_macs,
            norm_bytes=0,
            folded_params=0,
            folded_macs=0,
        )

    def gone_where_folded(self) -> Cost:
        """The same for a branch that is folded, with its norm, into a convolution beside it."""
        return replace(self, inference_params=0, inference_macs=0, folded_params=self.params, folded_macs=self.macs)


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
    kernels = prod(kernel) * (channels_in // groups) * channels
    params, macs = kernels + channels * bias, kernels * prod(size)
    traffic = moved(channels_in, size_in, channels, size).bytes_moved + BYTES_PER_NUMBER * params
    return Cost(params, macs, traffic, inference_params=params, inference_macs=macs)


def depthwise(channels: int, kernel: Size, size_in: Size, size: Size, *, bias: bool = False) -> Cost:
    """One convolution that keeps its channels apart."""
    return convolution(channels, channels, kernel, size_in, size, groups=channels, bias=bias)


def pointwise_norm(channels_in: int, channels: int, size: Size) -> Cost:
    """A 1x1 convolution and a batch norm."""
    return convolution(channels_in, channels, (1, 1), size, size) + batch_norm(channels, size)


def batch_norm(channels: int, size: Size, *, folds: bool = True) -> Cost:
    """One batch norm, scale and shift, of a map; merged, a bias, where it `folds` into a convolution before it."""
    params = 2 * channels
    would_move = moved(channels, size, channels, size).bytes_moved
    folded = channels if folds else 0
    return Cost(
        params=params,
        norm_params=params,
        inference_params=params - folded,
        norm_bytes=would_move,
        folded_params=folded,
    )


def layer_norm(channels: int, size: Size) -> Cost:
    """One norm that reads the map which it normalises, scale and shift, in both forms."""
    return batch_norm(channels, size).with_unfolded_norms()


def weights(count: int) -> Cost:
    """Parameters that are no layer of their own, in both forms."""
    return Cost(params=count, inference_params=count)


def linear(features: int, outputs: int, *, bias: bool = True) -> Cost:
    """One linear layer, on a single vector."""
    macs = features * outputs
    params = macs + outputs * bias
    traffic = BYTES_PER_NUMBER * (params + features + outputs)
    return Cost(params, macs, traffic, inference_params=params, inference_macs=macs)
