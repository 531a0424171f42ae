"""Convolutions with learned spacings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from search_space.counting import Cost, Size, depthwise, pointwise_norm, strided
from search_space.operators.base import Operator
from search_space.operators.drawing import chain


@dataclass(frozen=True, slots=True)
class SpacedConv(Operator):
    """A depthwise kernel of few weights whose places are learned, in a pre-activated unit.

    The inference form has the plain kernel that results. Computing it takes what the plain kernel takes in both forms;
    building it, in training, is not counted. `count` is meant for images: along one axis, weights may outnumber places.
    The authors' code has a third spread, max, which is none here: it begins as the linear one, with learned widths of 0
    that count by their absolute values, and so have no gradient and stay.
    """

    kernel: int
    count: int
    spread: Literal["linear", "gauss"]

    family: ClassVar[str] = "spaced"
    source: ClassVar[str] = "Khalfaoui-Hassani et al. 2021, arXiv 2112.03740; 2023, arXiv 2306.00817"
    module: ClassVar[str] = "spaced:SpacedSeparable"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "Training builds every kernel anew at each step. On processors, kernels of 15 and more are slow in both forms."
    )

    @property
    def summary(self) -> str:
        k, spread = self.kernel, {"linear": "bilinear", "gauss": "Gaussian"}[self.spread]
        return f"ReLU, depthwise {k}x{k} of {self.count} weights at learned {spread} places, pointwise, batch norm."

    @property
    def drawing(self) -> str:
        k = f"{self.kernel}x{self.kernel}"
        return chain("ReLU", f"dw {k} of {self.count}", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        size_out = strided(size, stride)
        numbers_a_weight = 1 + {"linear": 1, "gauss": 2}[self.spread] * len(size)
        params = channels_in * (self.count * numbers_a_weight + 1)
        plain = depthwise(channels_in, (self.kernel,) * len(size), size, size_out, bias=True)
        return replace(plain, params=params) + pointwise_norm(channels_in, channels, size_out)
