"""What every operator promises: it describes itself, says what it costs, and builds itself."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from search_space.counting import Cost, Size

if TYPE_CHECKING:
    from torch import nn


class UnsuitableWidth(ValueError):
    """An operator that cannot take so few channels; the message says what it takes."""


class UnsuitableMap(ValueError):
    """An operator that is not for maps of so many axes; the message says which it takes."""


@dataclass(frozen=True, slots=True)
class Operator(ABC):
    """What an edge may do to a tensor: (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).

    Any size, odd ones too, stride 1 or 2, and any width from `narrowest` on, which no operator has above the 4 channels
    of the narrowest cell of a skeleton. A description needs no torch until it builds: its `module` names the
    class, as "file:Class" below `search_space.modules`, whose constructor takes channels_in, channels, stride and
    the description's own fields. `slow` says where it takes more time than its MACs make one
    think, `dims` for maps of how many axes it is: 1 for signals, 2, or 3 for volumes.
    """

    family: ClassVar[str]
    source: ClassVar[str]
    module: ClassVar[str]
    slow: ClassVar[str]
    narrowest: ClassVar[int] = 1
    dims: ClassVar[tuple[int, ...]] = (2,)

    @property
    @abstractmethod
    def summary(self) -> str:
        """One sentence on what it computes."""

    @property
    @abstractmethod
    def drawing(self) -> str:
        """A small drawing in characters of what happens to a tensor, where stride and width stay as they are."""

    @abstractmethod
    def cost(self, channels_in: int, channels: int, size: Size, stride: int = 1) -> Cost:
        """What it costs on an input of `size`, in height and width."""

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

        UnsuitableWidth where a width is too small, UnsuitableMap where the operator is not for so many axes.
        """
        if dims not in self.dims:
            raise UnsuitableMap(f"{self} takes maps of {self.dims} axes, not of {dims}: {self.summary}")
        if min(channels_in, channels) < self.narrowest:
            raise UnsuitableWidth(
                f"{self} takes {self.narrowest} channels or more, not {channels_in} to {channels}: {self.summary}"
            )
        file, name = self.module_for(dims).split(":")
        module_class = getattr(importlib.import_module(f"search_space.modules.{file}"), name)
        built: nn.Module = module_class(**self.arguments(channels_in, channels, stride, dims))
        return built
