"""Operators without parameters, as long as width and, for the identity, size stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from search_space.counting import Cost, Size, batch_norm, convolution, moved, pointwise_norm, strided
from search_space.operators.base import Operator
from search_space.operators.drawing import chain


def adapted(channels_in: int, channels: int, size: Size) -> Cost:
    """The 1x1 convolution and batch norm, without ReLU, that follow where the widths differ."""
    return Cost() if channels_in == channels else pointwise_norm(channels_in, channels, size)


@dataclass(frozen=True, slots=True)
class Identity(Operator):
    """The skip connection, with the adapter of NASNet's released code where it cannot be one."""

    family: ClassVar[str] = "parameter_free"
    source: ClassVar[str] = "Zoph et al. 2017, arXiv 1707.07012"
    module: ClassVar[str] = "identity:Identity"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Nowhere."

    @property
    def summary(self) -> str:
        return "Its input; where stride or width change it, ReLU, a strided 1x1 convolution, batch norm."

    @property
    def drawing(self) -> str:
        return chain()

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        if stride == 1 and channels_in == channels:
            return Cost()
        size_out = strided(size, stride)
        return convolution(channels_in, channels, (1, 1), size, size_out) + batch_norm(channels, size_out)


@dataclass(frozen=True, slots=True)
class SkipConnect(Operator):
    """The skip connection of ENAS and DARTS: a strided one is a factorised reduction, which sees every pixel."""

    family: ClassVar[str] = "parameter_free"
    source: ClassVar[str] = "Liu et al. 2018, arXiv 1806.09055; Pham et al. 2018, arXiv 1802.03268"
    module: ClassVar[str] = "identity:SkipConnect"
    narrowest: ClassVar[int] = 2
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Nowhere."

    @property
    def summary(self) -> str:
        return "Its input; strided, ReLU and a factorised reduction; where the widths differ, ReLU, 1x1, batch norm."

    @property
    def drawing(self) -> str:
        return chain()

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        if stride == 1 and channels_in == channels:
            return Cost()
        size_out = strided(size, stride)
        return convolution(channels_in, channels, (1, 1), size, size_out) + batch_norm(channels, size_out)


@dataclass(frozen=True, slots=True)
class Zero(Operator):
    """The edge that is not there, for spaces in which that is a choice."""

    family: ClassVar[str] = "parameter_free"
    source: ClassVar[str] = "Liu et al. 2018, arXiv 1806.09055"
    module: ClassVar[str] = "zero:Zero"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Nowhere."

    @property
    def summary(self) -> str:
        return "Zeros."

    @property
    def drawing(self) -> str:
        return "0 ─ y"

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        return moved(0, size, channels, strided(size, stride))


@dataclass(frozen=True, slots=True)
class Pool(Operator):
    """The average or maximum of a window; padding takes part in neither."""

    kind: Literal["avg", "max"]
    kernel: int

    family: ClassVar[str] = "parameter_free"
    source: ClassVar[str] = "Zoph et al. 2017, arXiv 1707.07012"
    module: ClassVar[str] = "pooling:MaxPool"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "Processors compare and add pixel by pixel: slower than a convolution of the size, though it has no MACs."
    )

    @property
    def summary(self) -> str:
        kind = {"avg": "Average", "max": "Maximum"}[self.kind]
        return f"{kind} of {self.kernel}x{self.kernel} pixels; a 1x1 convolution and batch norm if the widths differ."

    @property
    def drawing(self) -> str:
        return chain(f"{self.kind} {self.kernel}x{self.kernel}")

    def module_for(self, dims: int) -> str:
        """The same for any `dims`: that of the average where it is one."""
        return "pooling:AveragePool" if self.kind == "avg" else self.module

    def arguments(self, channels_in: int, channels: int, stride: int = 1, dims: int = 2) -> dict[str, Any]:
        arguments = Operator.arguments(self, channels_in, channels, stride, dims)
        return {name: value for name, value in arguments.items() if name != "kind"}

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        return moved(channels_in, size, channels_in, size_out) + adapted(channels_in, channels, size_out)


@dataclass(frozen=True, slots=True)
class PoolSandwich(Operator):
    """A maximum pool in place of the 3x3 convolution of a bottleneck."""

    kernel: int

    family: ClassVar[str] = "parameter_free"
    source: ClassVar[str] = "Han et al. 2022, arXiv 2202.02777"
    module: ClassVar[str] = "pooling:PoolSandwich"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "Nowhere much: the pool works at a quarter of the width."

    @property
    def summary(self) -> str:
        return f"ReLU, 1x1 to a quarter of the width, norm, ReLU, maximum of {self.kernel}x{self.kernel}, 1x1, norm."

    @property
    def drawing(self) -> str:
        return chain("ReLU", "1x1", "norm", "ReLU", f"max {self.kernel}x{self.kernel}", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        width, size_out = max(2, channels // 4), strided(size, stride)
        pool = moved(width, size, width, size_out)
        return pointwise_norm(channels_in, width, size) + pool + pointwise_norm(width, channels, size_out)


@dataclass(frozen=True, slots=True)
class Shift(Operator):
    """Channels in 3^axes groups, each moved by one offset of a window of 3 along every axis; zeros move in."""

    family: ClassVar[str] = "parameter_free"
    source: ClassVar[str] = "Wu et al. 2017, arXiv 1711.08141"
    module: ClassVar[str] = "shift:Shift"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = "It moves memory and computes nothing."

    @property
    def summary(self) -> str:
        return (
            "Channels in nine groups (3 of signals, 27 of volumes), each moved by up to one pixel; 1x1 convolution and "
            "batch norm as in a pool."
        )

    @property
    def drawing(self) -> str:
        return chain("shift by group")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        return moved(channels_in, size, channels_in, size_out) + adapted(channels_in, channels, size_out)
