"""Dense convolutions: square ones, and pairs of thin ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from search_space.counting import Cost, Size, batch_norm, convolution, pointwise_norm, strided
from search_space.operators.base import Operator
from search_space.operators.drawing import chain


def dense_norm(kernel: int, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
    """A dense kernel x kernel convolution and a batch norm; dilation costs nothing."""
    size_out = strided(size, stride)
    conv = convolution(channels_in, channels, (kernel,) * len(size), size, size_out)
    return conv + batch_norm(channels, size_out)


@dataclass(frozen=True, slots=True)
class DenseConv(Operator):
    """One plain convolution."""

    kernel: int

    family: ClassVar[str] = "dense"
    source: ClassVar[str] = "Zoph et al. 2017, arXiv 1707.07012"
    module: ClassVar[str] = "convolution:ReLUConvBN"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Nowhere for its MACs, of which it has many."

    @property
    def summary(self) -> str:
        return f"ReLU, dense {self.kernel}x{self.kernel} convolution, batch norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", f"{self.kernel}x{self.kernel}", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        return dense_norm(self.kernel, channels_in, channels, size, stride)


@dataclass(frozen=True, slots=True)
class FactorizedConv(Operator):
    """A row and a column in place of a square, at full width, without a norm between them.

    The row strides along the width only and the column along the height only, so the row still costs full height. A row
    and a column are of maps with two axes.
    """

    kernel: int

    family: ClassVar[str] = "dense"
    source: ClassVar[str] = "Zoph et al. 2017, arXiv 1707.07012; in the form of Liu et al. 2018, arXiv 1806.09055"
    module: ClassVar[str] = "convolution:FactorizedConv"
    slow: ClassVar[str] = "Nowhere for its MACs; with stride 2 the row still works at full height."

    @property
    def summary(self) -> str:
        return f"ReLU, dense 1x{self.kernel} convolution, dense {self.kernel}x1 convolution, batch norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", f"1x{self.kernel}", f"{self.kernel}x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        size_between = (size[0], size_out[1])
        row = convolution(channels_in, channels, (1, self.kernel), size, size_between)
        column = convolution(channels, channels, (self.kernel, 1), size_between, size_out)
        return row + column + batch_norm(channels, size_out)


@dataclass(frozen=True, slots=True)
class BottleneckConv(Operator):
    """A row and a column at a fraction of the width, with ReLU and batch norm around each; AmoebaNet's form.

    The row strides along the width only and the column along the height only. A row and a column are of maps with two
    axes.
    """

    kernel: int
    eighths: int

    family: ClassVar[str] = "dense"
    source: ClassVar[str] = "Real et al. 2018, arXiv 1802.01548, and its released code"
    module: ClassVar[str] = "convolution:BottleneckConv"
    slow: ClassVar[str] = "Four narrow layers in a row take more time than the MACs say."

    @property
    def summary(self) -> str:
        row, column = f"1x{self.kernel}", f"{self.kernel}x1"
        return f"1x1, {row}, {column} and 1x1 convolutions at {self.eighths}/8 of the width, ReLU and norm with each."

    @property
    def drawing(self) -> str:
        thin = [step for size in (f"1x{self.kernel}", f"{self.kernel}x1") for step in ("ReLU", size, "norm")]
        return chain("ReLU", "1x1", "norm", *thin, "ReLU", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        width = max(2, channels * self.eighths // 8)
        size_out = strided(size, stride)
        size_between = (size[0], size_out[1])
        row = convolution(width, width, (1, self.kernel), size, size_between) + batch_norm(width, size_between)
        column = convolution(width, width, (self.kernel, 1), size_between, size_out) + batch_norm(width, size_out)
        return pointwise_norm(channels_in, width, size) + row + column + pointwise_norm(width, channels, size_out)
