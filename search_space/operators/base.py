"""What every operator promises: it describes itself, says what it costs, and builds itself."""

from __future__ import annotations

import importlib
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from search_space.counting import Cost, Size
from search_space.operators.fields import TAKES, Takes

if TYPE_CHECKING:
    from torch import nn


class InvalidOperator(ValueError):
    """A description of what cannot be built; the message names the field and says what it takes."""


class UnsuitableWidth(ValueError):
    """A width that an operator cannot take; the message says which it takes."""


class UnsuitableStride(ValueError):
    """A stride that no operator has; the message says which they have."""


class UnsuitableMap(ValueError):
    """An operator that is not for maps of so many axes; the message says which it takes."""


@dataclass(frozen=True, slots=True)
class Operator(ABC):
    """What an edge may do to a tensor: (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).

    Any size, odd ones too, stride 1 or 2, and any width from `narrowest` on, which no operator has above the 4 channels
    of the narrowest cell of a skeleton. A description needs no torch until it builds: its `module` names the
    class, as "file:Class" below `search_space.modules`, whose constructor takes channels_in, channels, stride and
    the description's own fields. `slow` says where it takes more time than its MACs make one
    think, `dims` for maps of how many axes it is: 1 for signals, 2, or 3 for volumes. `takes` says
    what its fields may be; InvalidOperator where one is something else.
    """

    family: ClassVar[str]
    source: ClassVar[str]
    module: ClassVar[str]
    slow: ClassVar[str]
    narrowest: ClassVar[int] = 1
    dims: ClassVar[tuple[int, ...]] = (2,)
    takes: ClassVar[Mapping[str, Takes]] = TAKES

    def __post_init__(self) -> None:
        for field in fields(self):
            value, (words, is_taken) = getattr(self, field.name), self.takes[field.name]
            if not is_taken(value):
                raise InvalidOperator(f"{type(self).__name__}: {field.name} is {words}, not {reprlib.repr(value)}")

    @property
    @abstractmethod
    def summary(self) -> str:
        """One sentence on what it computes."""

    @property
    @abstractmethod
    def drawing(self) -> str:
        """A small drawing in characters of what happens to a tensor, where stride and width stay as they are."""

    def cost(self, channels_in: int, channels: int, size: Size, stride: int = 1) -> Cost:
        """What it costs on an input of `size`, in height and width; what `build` refuses is refused."""
        self._check(channels_in, channels, stride, len(size))
        return self._cost(channels_in, channels, size, stride)

    @abstractmethod
    def _cost(self, channels_in: int, channels: int, size: Size, stride: int) -> Cost:
        """The cost, where all that it is asked for is suitable."""

    def arguments(self, channels_in: int, channels: int, stride: int = 1, dims: int = 2) -> dict[str, Any]:
        """The keywords with which its module class is constructed."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        axes = {} if dims == 2 else {"dims": dims}
        return {"channels_in": channels_in, "channels": channels, "stride": stride, **own, **axes}

    def module_for(self, dims: int) -> str:
        """The `module` for maps of `dims` axes."""
        return self.module

    def build(self, channels_in: int, channels: int, stride: int = 1, dims: int = 2) -> nn.Module:
        """A freshly initialised module for maps of `dims` axes; this is what loads torch.

        UnsuitableWidth where a width is too small or no whole number, UnsuitableMap where the operator is not for so
        many axes, UnsuitableStride where the stride is neither 1 nor 2.
        """
        self._check(channels_in, channels, stride, dims)
        file, name = self.module_for(dims).split(":")
        module_class = getattr(importlib.import_module(f"search_space.modules.{file}"), name)
        built: nn.Module = module_class(**self.arguments(channels_in, channels, stride, dims))
        return built

    def _check(self, channels_in: int, channels: int, stride: int, dims: int) -> None:
        if type(dims) is not int or dims not in self.dims:
            raise UnsuitableMap(f"{self} takes maps of {self.dims} axes, not of {reprlib.repr(dims)}: {self.summary}")
        if type(stride) is not int or stride not in (1, 2):
            raise UnsuitableStride(f"{self} takes stride 1 or 2, not {reprlib.repr(stride)}: {self.summary}")
        for width in (channels_in, channels):
            if type(width) is not int or width < self.narrowest:
                raise UnsuitableWidth(
                    f"{self} takes {self.narrowest} channels or more, a whole number, not {reprlib.repr(width)}: "
                    f"{self.summary}"
                )
