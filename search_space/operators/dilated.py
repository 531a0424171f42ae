"""Dilated convolutions: a wide view from few weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from search_space.counting import Cost, Size
from search_space.operators.base import Operator
from search_space.operators.dense import dense_norm
from search_space.operators.drawing import chain
from search_space.operators.separable import depthwise_separable


@dataclass(frozen=True, slots=True)
class DilatedSeparableConv(Operator):
    """One depthwise separable unit whose kernel is spread out; the `dil_conv` of DARTS."""

    kernel: int
    dilation: int = 2

    family: ClassVar[str] = "dilated"
    source: ClassVar[str] = "Liu et al. 2018, arXiv 1806.09055"
    module: ClassVar[str] = "separable:DepthwiseSeparable"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Memory bound as all depthwise kernels; dilated ones more so in training."

    @property
    def summary(self) -> str:
        return f"ReLU, depthwise {self.kernel}x{self.kernel} at rate {self.dilation}, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", f"dw {self.kernel}x{self.kernel} rate {self.dilation}", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        return depthwise_separable(self.kernel, channels_in, channels, size, stride)


@dataclass(frozen=True, slots=True)
class DilatedConv(Operator):
    """One dense convolution whose kernel is spread out; the dilated convolution of NASNet."""

    kernel: int
    dilation: int = 2

    family: ClassVar[str] = "dilated"
    source: ClassVar[str] = "Zoph et al. 2017, arXiv 1707.07012; Yu, Koltun 2015, arXiv 1511.07122"
    module: ClassVar[str] = "convolution:ReLUConvBN"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Nowhere for its MACs, of which it has many."

    @property
    def summary(self) -> str:
        return f"ReLU, dense {self.kernel}x{self.kernel} convolution at rate {self.dilation}, batch norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", f"{self.kernel}x{self.kernel} rate {self.dilation}", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        return dense_norm(self.kernel, channels_in, channels, size, stride)
