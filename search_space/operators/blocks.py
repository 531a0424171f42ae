"""The residual blocks of mobile and modern networks; where stride or width change, they are without the residual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from search_space.counting import (
    Cost,
    Size,
    batch_norm,
    convolution,
    depthwise,
    layer_norm,
    moved,
    pointwise_norm,
    strided,
)
from search_space.modules.divisor import largest_divisor
from search_space.operators.base import Operator
from search_space.operators.drawing import residual


def addition(channels_in: int, channels: int, size: Size, stride: int) -> Cost:
    """The addition of the input, where the shapes allow it."""
    return moved(2 * channels, size, channels, size) if stride == 1 and channels_in == channels else Cost()


@dataclass(frozen=True, slots=True)
class MBConv(Operator):
    """The inverted bottleneck of mobile networks."""

    kernel: int
    expansion: int

    family: ClassVar[str] = "blocks"
    source: ClassVar[str] = "Sandler et al. 2018, arXiv 1801.04381; Tan, Le 2019, arXiv 1905.11946"
    module: ClassVar[str] = "blocks:MBConv"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "The depthwise kernel works at the wide end: memory bound, and much to keep for the backward pass."
    )

    @property
    def summary(self) -> str:
        k, e = self.kernel, self.expansion
        return f"Its input plus: 1x1 to {e} times the width, norm, SiLU, depthwise {k}x{k}, norm, SiLU, 1x1, norm."

    @property
    def drawing(self) -> str:
        k = f"{self.kernel}x{self.kernel}"
        return residual("1x1", "norm", "SiLU", f"dw {k}", "norm", "SiLU", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        width, size_out = self.expansion * channels_in, strided(size, stride)
        return (
            pointwise_norm(channels_in, width, size)
            + depthwise(width, (self.kernel,) * len(size), size, size_out)
            + batch_norm(width, size_out)
            + pointwise_norm(width, channels, size_out)
            + addition(channels_in, channels, size, stride)
        )


@dataclass(frozen=True, slots=True)
class ConvFirst(Operator):
    """The inverted bottleneck with its spatial convolution first, at the narrow width and in wide groups.

    The groups hold `group_width` channels, or the most below that into which the input divides.
    """

    kernel: int
    expansion: int = 6
    group_width: int = 8

    family: ClassVar[str] = "blocks"
    source: ClassVar[str] = "Lavin 2024, arXiv 2404.03617"
    module: ClassVar[str] = "blocks:ConvFirst"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "Grouped kernels want a GPU's matrix units; groups narrower than 8, at odd widths, do not fill them."
    )

    @property
    def summary(self) -> str:
        k, e, width = self.kernel, self.expansion, self.group_width
        return f"Its input plus: {k}x{k} in groups of {width}, norm, 1x1 to {e} times the width, norm, SiLU, 1x1, norm."

    @property
    def drawing(self) -> str:
        return residual(f"grouped {self.kernel}x{self.kernel}", "norm", "1x1", "norm", "SiLU", "1x1", "norm")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        width, size_out = self.expansion * channels, strided(size, stride)
        groups = channels_in // largest_divisor(channels_in, self.group_width)
        return (
            convolution(channels_in, channels_in, (self.kernel,) * len(size), size, size_out, groups=groups)
            + batch_norm(channels_in, size_out)
            + pointwise_norm(channels_in, width, size_out)
            + pointwise_norm(width, channels, size_out)
            + addition(channels_in, channels, size, stride)
        )


@dataclass(frozen=True, slots=True)
class ConvNeXt(Operator):
    """The block of ConvNeXt, with layer norm and LayerScale."""

    kernel: int
    expansion: int = 4

    family: ClassVar[str] = "blocks"
    source: ClassVar[str] = "Liu et al. 2022, arXiv 2201.03545"
    module: ClassVar[str] = "blocks:ConvNeXt"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "Layer norm over channels cannot be folded and wants channels last; users find it slow on GPUs."
    )

    @property
    def summary(self) -> str:
        k, e = self.kernel, self.expansion
        return f"Its input plus: depthwise {k}x{k}, layer norm, 1x1 to {e} times the width, GELU, 1x1, scale."

    @property
    def drawing(self) -> str:
        k = f"{self.kernel}x{self.kernel}"
        return residual(f"dw {k}", "layer norm", "1x1", "GELU", "1x1", "scale")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        width, size_out = self.expansion * channels, strided(size, stride)
        adds = stride == 1 and channels_in == channels
        return (
            depthwise(channels_in, (self.kernel,) * len(size), size, size_out, bias=True)
            + layer_norm(channels_in, size_out)
            + convolution(channels_in, width, (1, 1), size_out, size_out, bias=True)
            + convolution(width, channels, (1, 1), size_out, size_out, bias=True)
            + Cost(params=channels * adds)  # the scale, which is merged
            + addition(channels_in, channels, size, stride)
        )
