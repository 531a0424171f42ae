"""Separable convolutions: depthwise, then pointwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from search_space.counting import Cost, Size, depthwise, pointwise_norm, strided
from search_space.operators.base import Operator
from search_space.operators.drawing import chain


def depthwise_separable(kernel: int, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
    """One unit of ReLU, depthwise kernel x kernel with the stride, pointwise, batch norm; dilation costs nothing."""
    size_out = strided(size, stride)
    return depthwise(channels_in, (kernel,) * len(size), size, size_out) + pointwise_norm(
        channels_in, channels, size_out
    )


@dataclass(frozen=True, slots=True)
class SeparableConv(Operator):
    """Two depthwise separable units; the first carries the stride and the change of width."""

    kernel: int

    family: ClassVar[str] = "separable"
    source: ClassVar[str] = "Zoph et al. 2017, arXiv 1707.07012"
    module: ClassVar[str] = "separable:SeparableConv"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Depthwise kernels are memory bound, and slower to train than their MACs say."

    @property
    def summary(self) -> str:
        return f"Twice ReLU, depthwise {self.kernel}x{self.kernel}, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        unit = ("ReLU", f"dw {self.kernel}x{self.kernel}", "1x1", "norm")
        return chain(*unit, *unit)

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        first = depthwise_separable(self.kernel, channels_in, channels, size, stride)
        return first + depthwise_separable(self.kernel, channels, channels, strided(size, stride), 1)


@dataclass(frozen=True, slots=True)
class ThinSeparableConv(Operator):
    """A depthwise separable unit along one axis, for maps whose axes differ: for signals, electrodes by time.

    One axis for electrodes and one for time, so for maps with two axes. In a signal, whose channels the electrodes are,
    a pointwise convolution is what looks across them.
    """

    height: int
    width: int

    family: ClassVar[str] = "separable"
    source: ClassVar[str] = "Lawhern et al. 2018, arXiv 1611.08024"
    module: ClassVar[str] = "separable:ThinSeparableConv"
    slow: ClassVar[str] = "Depthwise kernels are memory bound, and slower to train than their MACs say."

    @property
    def summary(self) -> str:
        return f"ReLU, depthwise {self.height}x{self.width}, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", f"dw {self.height}x{self.width}", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        thin = depthwise(channels_in, (self.height, self.width)[-len(size) :], size, size_out)
        return thin + pointwise_norm(channels_in, channels, size_out)


@dataclass(frozen=True, slots=True)
class TimeSeparableConv(ThinSeparableConv):
    """A depthwise separable unit along the last axis, which is time: of a map of electrodes by time, or of a signal.

    The electrodes of a signal are its channels, and the pointwise convolution is what looks across them.
    """

    dims: ClassVar[tuple[int, ...]] = (1, 2)

    def arguments(self, channels_in: int, channels: int, stride: int = 1, dims: int = 2) -> dict[str, Any]:
        if dims == 2:
            return ThinSeparableConv.arguments(self, channels_in, channels, stride)
        return {"channels_in": channels_in, "channels": channels, "stride": stride, "kernel": self.width, "dims": dims}

    def module_for(self, dims: int) -> str:
        return "separable:SignalSeparableConv" if dims == 1 else self.module
