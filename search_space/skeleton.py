"""Skeletons: the fixed network around the cells, and the named ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from search_space.counting import Size, strided

StemName: TypeAlias = Literal["tiny", "cifar", "imagenet"]


class InvalidSkeleton(ValueError):
    """A network that cannot be built, or not in reason; the message says what can."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Stages of normal cells with a reduction cell between each two (Zoph et al. 2017, arXiv 1707.07012).

    `input_shape` is channels, height and width. `channels` is the width of the cells of the first stage; every
    reduction doubles it. The stem is one 3x3 convolution with batch norm:

    - tiny: to `channels`;
    - cifar: to three times `channels`;
    - imagenet: with stride 2 and no padding to 32, then two reduction cells at a quarter and half of `channels`.

    `stem_channels` replaces the stem's own width. With `skip_reduction_input` the normal cell after a reduction
    reads, as its older input, the tensor before the one that the reduction read (NASNet's large network).
    """

    input_shape: tuple[int, int, int]
    classes: int
    channels: int = 16
    cells_per_stage: int = 1
    stages: int = 3
    stem: StemName = "tiny"
    stem_channels: int | None = None
    skip_reduction_input: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        if len(self.input_shape) != 3:
            raise InvalidSkeleton("input_shape is channels, height and width")
        if self.stem not in get_args(StemName):
            raise InvalidSkeleton(f"stem is one of {', '.join(get_args(StemName))}, not {self.stem!r}")
        _within("input_shape's channels", self.input_shape[0], 1, 4096)
        _within("input_shape's height", self.input_shape[1], 1, 4096)
        _within("input_shape's width", self.input_shape[2], 1, 4096)
        _within("classes", self.classes, 1, 100_000)
        # The narrowest cell keeps 4 channels: the mixers that split their channels need as many as they have parts.
        _within("channels", self.channels, 16 if self.stem == "imagenet" else 4, 4096)
        _within("cells_per_stage", self.cells_per_stage, 1, 64)
        _within("stages", self.stages, 1, 6)
        if self.stem_channels is not None:
            _within("stem_channels", self.stem_channels, 4, 4096)
        self._check_reductions()

    @property
    def reductions(self) -> int:
        """How many reduction cells there are."""
        return self.stages - 1 + (2 if self.stem == "imagenet" else 0)

    @property
    def stem_size(self) -> Size:
        """Height and width after the stem's convolution."""
        _, height, width = self.input_shape
        return ((height - 1) // 2, (width - 1) // 2) if self.stem == "imagenet" else (height, width)

    @property
    def stem_width(self) -> int:
        """Channels after the stem's convolution."""
        own = {"tiny": self.channels, "cifar": 3 * self.channels, "imagenet": 32}
        return self.stem_channels or own[self.stem]

    def _check_reductions(self) -> None:
        """Every reduction must find at least 2 pixels to reduce, in height and in width."""
        size = self.stem_size
        for _ in range(self.reductions - 1):
            size = strided(size, 2)
        if self.reductions and min(size) < 2:
            smallest = 2 ** (self.reductions - 1) + 1
            if self.stem == "imagenet":
                smallest = 2 * smallest + 1
            _, height, width = self.input_shape
            raise InvalidSkeleton(
                f"an input of {height}x{width} is too small for the {self.reductions} reductions of {self.stages} "
                f"stages after the stem {self.stem!r}; use at least {smallest}x{smallest}, or fewer stages"
            )


def stages_for(input_shape: tuple[int, int, int]) -> int:
    """As many stages, three at most, as leave the last one 4 pixels or more in height and width."""
    _, height, width = input_shape
    return next((stages for stages in (3, 2) if min(height, width) >= 4 * 2 ** (stages - 1)), 1)


def _within(name: str, value: int, lowest: int, highest: int) -> None:
    if type(value) is not int or not lowest <= value <= highest:
        raise InvalidSkeleton(f"{name} is a whole number from {lowest} to {highest}, not {value!r}")


skeletons: Mapping[str, Skeleton] = MappingProxyType(
    {
        "tiny": Skeleton((1, 8, 8), classes=10),
        "cifar": Skeleton((3, 32, 32), classes=10, channels=32, cells_per_stage=6, stem="cifar"),
        "imagenet-mobile": Skeleton((3, 224, 224), classes=1000, channels=44, cells_per_stage=4, stem="imagenet"),
        "imagenet-large": Skeleton(
            (3, 331, 331),
            classes=1000,
            channels=168,
            cells_per_stage=6,
            stem="imagenet",
            stem_channels=96,
            skip_reduction_input=True,
        ),
    }
)
