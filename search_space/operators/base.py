"""What every operator promises: it describes itself, says what it costs, and builds itself."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from search_space.counting import Cost, Size

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Operator(ABC):
    """What an edge may do to a tensor: (N, channels_in, H, W) -> (N, channels, ceil(H/stride), ceil(W/stride)).

    Any size, odd ones too, and stride 1 or 2. A description needs no torch until it builds: its `module` names the
    class, as "file:Class" below `search_space.modules`, whose constructor takes channels_in, channels, stride and
    the description's own fields.
    """

    family: ClassVar[str]
    source: ClassVar[str]
    module: ClassVar[str]

    @property
    @abstractmethod
    def summary(self) -> str:
        """One sentence on what it computes."""

    @abstractmethod
    def cost(self, channels_in: int, channels: int, size: Size, stride: int = 1) -> Cost:
        """What it costs on an input of `size`, in height and width."""

    def arguments(self, channels_in: int, channels: int, stride: int = 1) -> dict[str, Any]:
        """The keywords with which its module class is constructed."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"channels_in": channels_in, "channels": channels, "stride": stride, **own}

    def build(self, channels_in: int, channels: int, stride: int = 1) -> nn.Module:
        """A freshly initialised module; this is what loads torch."""
        file, name = self.module.split(":")
        module_class = getattr(importlib.import_module(f"search_space.modules.{file}"), name)
        built: nn.Module = module_class(**self.arguments(channels_in, channels, stride))
        return built
