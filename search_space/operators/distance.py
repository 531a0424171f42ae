"""Distances from learned patches in place of products with them. Experimental: the paper tried them on digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from search_space.counting import Cost, Size, batch_norm, convolution, moved, pointwise_norm, strided, weights
from search_space.operators.base import Operator
from search_space.operators.drawing import branches, chain


@dataclass(frozen=True, slots=True)
class DistanceL2(Operator):
    """Experimental. The weighted squared distance, computed as two convolutions: of the square and of the input."""

    kernel: int

    family: ClassVar[str] = "distance"
    source: ClassVar[str] = "Ghiasi-Shirazi 2017, arXiv 1707.09864"
    module: ClassVar[str] = "distance:DistanceL2"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Two convolutions in place of one. Not for half precision, in which the squares cancel."

    @property
    def summary(self) -> str:
        k = self.kernel
        return f"Minus the weighted squared distance of each {k}x{k} patch from learned patches; batch norm."

    @property
    def drawing(self) -> str:
        k = f"{self.kernel}x{self.kernel}"
        return branches((), ((f"{k} of x²",), (f"{k} of x",)), ("+", "norm"))

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        conv = convolution(channels_in, channels, (self.kernel,) * len(size), size, size_out)
        rest = moved(channels, (1, 1), 0, (1, 1))  # what is left of the squares of the patches, a bias
        return conv + conv + rest + moved(2 * channels, size_out, channels, size_out) + batch_norm(channels, size_out)


@dataclass(frozen=True, slots=True)
class DistanceL1(Operator):
    """Experimental. The sum of absolute differences. A difference and its addition count as one MAC."""

    kernel: int

    family: ClassVar[str] = "distance"
    source: ClassVar[str] = "Ghiasi-Shirazi 2017, arXiv 1707.09864"
    module: ClassVar[str] = "distance:DistanceL1"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "Everywhere: every patch is copied, and no library has a fast kernel. Its norm cannot be folded."
    )

    @property
    def summary(self) -> str:
        k = self.kernel
        return f"Minus the sum of absolute differences of each {k}x{k} patch from learned patches; batch norm."

    @property
    def drawing(self) -> str:
        return chain(f"−Σ|patch {self.kernel}x{self.kernel} − w|", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        copies = channels_in * self.kernel ** len(size)
        differences = convolution(copies, channels, (1, 1), size_out, size_out)
        unfolded = batch_norm(channels, size_out, folds=False)
        return moved(channels_in, size, copies, size_out) + differences + unfolded


@dataclass(frozen=True, slots=True)
class RadialBasisConv(Operator):
    """Experimental. Gaussians of the distance, then a pointwise convolution: a radial basis network for each pixel."""

    kernel: int

    family: ClassVar[str] = "distance"
    source: ClassVar[str] = "Ghiasi-Shirazi 2017, arXiv 1707.09864"
    module: ClassVar[str] = "distance:RadialBasisConv"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Nowhere for its MACs; the exponential does not quantise well."

    @property
    def summary(self) -> str:
        k = self.kernel
        return f"Gaussian of the distance of each {k}x{k} patch from learned patches, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        return chain(f"exp(−s·|patch {self.kernel}x{self.kernel} − w|²)", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        products = convolution(channels_in, channels, (self.kernel,) * len(size), size, size_out)
        squares = moved(channels_in, size, 1, size) + moved(1, size, 1, size_out)
        gaussians = moved(channels + 1, size_out, channels, size_out) + weights(channels)
        return products + squares + gaussians + pointwise_norm(channels, channels, size_out)
