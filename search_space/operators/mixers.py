"""The mixers of SpaRTAN, in the grouped form of its later stages, each with a batch norm at its end.

The epsilon of batch norms is torch's 1e-5, as in all cells here; the authors' code has 1e-6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from search_space.operators.base import Operator
from search_space.operators.drawing import branches
from search_space.operators.fields import EVEN, TAKES, Takes


def scaled_by_channel(channels: int, size: Size) -> Cost:
    """Elementwise maths of a map and of one number for each channel that comes of it."""
    return moved(channels, size, channels, size) + moved(channels, (1, 1), 0, (1, 1))


def squeeze_excite(channels: int, hidden: int, size: Size) -> Cost:
    """Two small layers on the mean of a map, and the scaling of the map."""
    layers = [convolution(a, b, (1, 1), (1, 1), (1, 1), bias=True) for a, b in ((channels, hidden), (hidden, channels))]
    mean, scaled = moved(channels, size, channels, (1, 1)), scaled_by_channel(channels, size)
    return mean + layers[0] + layers[1] + scaled


@dataclass(frozen=True, slots=True)
class SpatialMixer(Operator):
    """A near and a far view of half the channels."""

    family: ClassVar[str] = "mixers"
    source: ClassVar[str] = "Pay et al. 2025, arXiv 2507.10999"
    module: ClassVar[str] = "mixers:SpatialMixer"
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    narrowest: ClassVar[int] = 2
    slow: ClassVar[str] = "Many small steps, two of which look at the whole map before the next can begin."

    @property
    def summary(self) -> str:
        return "1x1 to half; depthwise 3x3, beside two at rate 2, each with norm, GELU, squeeze-excite; 1x1, norm."

    @property
    def drawing(self) -> str:
        near = ("dw 3x3", "norm", "GELU", "SE")
        far = ("dw 3x3 rate 2", "dw 3x3 rate 2", "norm", "GELU", "SE")
        return branches(("1x1", "contrast"), (near, far), ("concat", "1x1", "norm"))

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        half, size_out = channels // 2, strided(size, stride)
        contrast = weights(half) + moved(half, size, half, (1, 1)) + scaled_by_channel(half, size)
        near = depthwise(half, (3,) * len(size), size, size_out)
        far = depthwise(half, (3,) * len(size), size, size_out) + depthwise(half, (3,) * len(size), size_out, size_out)
        end_of_a_view = batch_norm(half, size_out) + squeeze_excite(half, max(1, half // 4), size_out)
        return (
            convolution(channels_in, half, (1, 1), size, size, bias=True)
            + contrast
            + near
            + far
            + end_of_a_view
            + end_of_a_view
            + moved(2 * half, size_out, 2 * half, size_out)
            + pointwise_norm(2 * half, channels, size_out)
        )


@dataclass(frozen=True, slots=True)
class WaveMixer(Operator):
    """Channels that interfere as waves do."""

    expansion: int = 2

    family: ClassVar[str] = "mixers"
    source: ClassVar[str] = "Pay et al. 2025, arXiv 2507.10999"
    module: ClassVar[str] = "mixers:WaveMixer"
    takes: ClassVar[Mapping[str, Takes]] = MappingProxyType({**TAKES, "expansion": EVEN})  # parts of complex numbers
    dims: ClassVar[tuple[int, ...]] = (1, 2, 3)
    slow: ClassVar[str] = (
        "Many passes at the wide end; the strongest channel is looked up, which edge compilers resist."
    )

    @property
    def summary(self) -> str:
        e = self.expansion
        return f"Product of two 1x1 to {e} times the width, turned; grouped 3x3, norm, GELU, squeeze-excite, 1x1, norm."

    @property
    def drawing(self) -> str:
        waves = branches((), (("1x1",), ("1x1", "GELU")), ("×", "+ strongest", "turn", "grouped 3x3"))
        return waves.replace(" ─ y", " ─ norm ─ GELU ─ SE ─ 1x1 ─ norm ─ y")

    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        width, size_out = self.expansion * channels_in, strided(size, stride)
        product = convolution(channels_in, width, (1, 1), size, size, bias=True)
        strongest = moved(channels_in, size, 1, size) + moved(2, size, 1, size)  # its number, and its wave by that
        turn = weights(width) + moved(width + 1, size, width, size)
        return (
            product
            + product
            + moved(2 * width, size, width, size)
            + strongest
            + turn
            + convolution(width, width, (3,) * len(size), size, size_out, groups=channels_in)
            + batch_norm(width, size_out)
            + squeeze_excite(width, max(1, channels_in // 4), size_out)
            + pointwise_norm(width, channels, size_out)
        )
