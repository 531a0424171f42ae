"""Large depthwise kernels, whole and in cheap pieces, each followed by a pointwise convolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from search_space.counting import (
    Cost,
    Size,
    batch_norm,
    convolution,
    depthwise,
    moved,
    pointwise_norm,
    strided,
    weights,
)
from search_space.modules.dilated_branches import DILATED_BRANCHES
from search_space.operators.base import Operator
from search_space.operators.drawing import branches, chain
from search_space.operators.fields import TAKES, Takes, one_of
from search_space.operators.separable import depthwise_separable


def band(kernel: int, channels: int, size: Size, stride: int) -> Cost:
    """A depthwise row, which strides along the width only, and a column, which strides along the height."""
    size_out = strided(size, stride)
    size_between = (size[0], size_out[1])
    row = depthwise(channels, (1, kernel), size, size_between)
    return row + depthwise(channels, (kernel, 1), size_between, size_out)


@dataclass(frozen=True, slots=True)
class LargeKernelConv(Operator):
    """One depthwise separable unit with a large square kernel."""

    kernel: int

    family: ClassVar[str] = "large_kernel"
    source: ClassVar[str] = "Ding et al. 2022, arXiv 2203.06717"
    module: ClassVar[str] = "separable:DepthwiseSeparable"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "On processors a depthwise kernel of 15 or more misses the fast path: 40 times as long as one of 13, or longer."
    )

    @property
    def summary(self) -> str:
        return f"ReLU, depthwise {self.kernel}x{self.kernel}, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", f"dw {self.kernel}x{self.kernel}", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        return depthwise_separable(self.kernel, channels_in, channels, size, stride)


@dataclass(frozen=True, slots=True)
class InceptionDepthwise(Operator):
    """The mixer of InceptionNeXt in a pre-activated unit.

    The channels split into an identity group and three branches of `ratio` of them, at least one channel each: a square
    kernel, a row and a column, with biases. A square, a row and a column are of maps with two axes.
    """

    ratio: float = 0.125
    band: int = 11
    square: int = 3

    family: ClassVar[str] = "large_kernel"
    source: ClassVar[str] = "Yu et al. 2023, arXiv 2303.16900"
    module: ClassVar[str] = "large_kernel:InceptionDepthwise"
    narrowest: ClassVar[int] = 3
    slow: ClassVar[str] = "Four small pieces and their concatenation take more time than the MACs say."

    @property
    def summary(self) -> str:
        kernels = f"{self.square}x{self.square}, 1x{self.band} and {self.band}x1"
        return f"ReLU, depthwise {kernels} on {self.ratio:.3g} of the channels each, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        b, k = self.band, self.square
        return branches(
            ("ReLU",), (("as is",), (f"dw {k}x{k}",), (f"dw 1x{b}",), (f"dw {b}x1",)), ("concat", "1x1", "norm")
        )

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        branch = max(1, int(channels_in * self.ratio))
        size_out = strided(size, stride)
        untouched = channels_in - 3 * branch
        mixer = moved(untouched, size, untouched, size_out)
        mixer += moved(3 * branch, size_out, 3 * branch, size_out)  # the concatenation copies these too
        for kernel in ((self.square, self.square), (1, self.band), (self.band, 1)):
            mixer += depthwise(branch, kernel, size, size_out, bias=True)
        return mixer + pointwise_norm(channels_in, channels, size_out)


@dataclass(frozen=True, slots=True)
class Band(Operator):
    """A depthwise row and a depthwise column in place of a square, in a pre-activated unit.

    The row strides along the width only and the column along the height only, so the row still costs full height. A row
    and a column are of maps with two axes.
    """

    kernel: int

    family: ClassVar[str] = "large_kernel"
    source: ClassVar[str] = "Peng et al. 2017, arXiv 1703.02719"
    module: ClassVar[str] = "large_kernel:Band"
    slow: ClassVar[str] = "Memory bound: two passes over the map for few MACs."

    @property
    def summary(self) -> str:
        return f"ReLU, depthwise 1x{self.kernel}, depthwise {self.kernel}x1, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", f"dw 1x{self.kernel}", f"dw {self.kernel}x1", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        pointwise = pointwise_norm(channels_in, channels, strided(size, stride))
        return band(self.kernel, channels_in, size, stride) + pointwise


@dataclass(frozen=True, slots=True)
class LargeKernelRep(Operator):
    """A large depthwise kernel that is trained with dilated ones beside it, in a pre-activated unit.

    The inference form has the large kernel alone.
    """

    kernel: int

    family: ClassVar[str] = "large_kernel"
    source: ClassVar[str] = "Zhang et al. 2024, arXiv 2410.08049"
    module: ClassVar[str] = "large_kernel:LargeKernelRep"
    takes: ClassVar[Mapping[str, Takes]] = MappingProxyType({**TAKES, "kernel": one_of(DILATED_BRANCHES)})
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "In training, which pays for every branch. On processors, kernels of 15 and more are slow in both forms."
    )

    @property
    def summary(self) -> str:
        small = ", ".join(f"{size}x{size} at rate {rate}" for size, rate in DILATED_BRANCHES[self.kernel])
        return f"ReLU, depthwise {self.kernel}x{self.kernel} plus {small}, each with norm; pointwise, batch norm."

    @property
    def drawing(self) -> str:
        small = DILATED_BRANCHES[self.kernel]
        kernels = [f"dw {self.kernel}x{self.kernel}", *(f"dw {size}x{size} rate {rate}" for size, rate in small)]
        return branches(("ReLU",), [(kernel, "norm") for kernel in kernels], ("+", "1x1", "norm"))

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        kernels = (self.kernel, *(kernel for kernel, _ in DILATED_BRANCHES[self.kernel]))
        large, *dilated = [
            depthwise(channels_in, (kernel,) * len(size), size, size_out) + batch_norm(channels_in, size_out)
            for kernel in kernels
        ]
        total = large + moved(len(kernels) * channels_in, size_out, channels_in, size_out)
        for branch in dilated:
            total += branch.gone_where_folded()
        return total + pointwise_norm(channels_in, channels, size_out)


@dataclass(frozen=True, slots=True)
class PeripheralGating(Operator):
    """Bands of several sizes less their centres, mixed at each pixel by the detail there, in a pre-activated unit.

    The 27 multiplications a channel and pixel of its three fixed filters are counted as well. Rows, columns and those
    filters are of maps with two axes.
    """

    kernels: tuple[int, ...]

    family: ClassVar[str] = "large_kernel"
    source: ClassVar[str] = "Cai et al. 2026, arXiv 2602.20537"
    module: ClassVar[str] = "peripheral:PeripheralSeparable"
    slow: ClassVar[str] = "Everywhere: many passes over the map for few MACs."

    @property
    def summary(self) -> str:
        bands = " and ".join(f"1x{kernel}, {kernel}x1" for kernel in self.kernels)
        return f"ReLU, depthwise {bands}, each less a 3x3, mixed by the detail at a pixel; pointwise, batch norm."

    @property
    def drawing(self) -> str:
        rows = [(f"dw 1x{k}", f"dw {k}x1", "less dw 3x3") for k in self.kernels]
        return branches(("ReLU",), rows, ("Σ by detail", "1x1", "norm"))

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        branches = len(self.kernels)
        total = self._cues(channels_in, size, size_out)
        total += convolution(3, branches, (1, 1), size_out, size_out, bias=True)
        total += moved(branches, size_out, branches, size_out)  # softmax
        for kernel in self.kernels:
            total += band(kernel, channels_in, size, stride)
            total += depthwise(channels_in, (3, 3), size, size_out) + weights(channels_in)
            total += moved(2 * channels_in, size_out, channels_in, size_out)
        mixing = moved(branches * (channels_in + 1), size_out, channels_in, size_out)
        return total + mixing + pointwise_norm(channels_in, channels, size_out)

    @staticmethod
    def _cues(channels: int, size: Size, size_out: Size) -> Cost:
        """Three fixed filters and two means of 3x3 pixels; of two of these, one and two then a mean over channels."""
        filters = convolution(channels, 3 * channels, (3, 3), size, size_out, groups=channels)
        pool = moved(channels, size, channels, size_out)
        of_two, of_one = moved(2 * channels, size_out, 1, size_out), moved(channels, size_out, 1, size_out)
        means = of_two + of_one + of_two + moved(3, size_out, 3, size_out)
        return replace(filters, params=0, inference_params=0) + pool + pool + means
