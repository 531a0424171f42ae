"""A network with what helps its training: an auxiliary head, drop path."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from search_space.modules.drop_path import DropPath
from search_space.modules.network import Network, initialise


class RegularisedNetwork(Network):
    """A Network that trains with an `auxiliary` head at `offset` from its last reduction, and with drop path.

    `auxiliary` makes the head for so many channels. The probability to keep a path falls from 1 to `keep`, over the
    cells with `by_layer` and over the training with `by_time`; see `set_progress`.
    """

    def __init__(
        self,
        *parts: Any,
        auxiliary: Callable[[int], nn.Module] | None = None,
        offset: int = -1,
        keep: float = 1.0,
        by_layer: bool = True,
        by_time: bool = True,
        **keywords: Any,
    ) -> None:
        super().__init__(*parts, **keywords)
        self.keep, self.by_layer, self.by_time = keep, by_layer, by_time
        self.watched = self.last_reduction + offset
        self.auxiliary = auxiliary(self.widths[self.watched + 2]) if auxiliary else None
        if self.auxiliary is not None:
            self.auxiliary.apply(initialise)
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        """Says how much of the training is done, 0 to 1: drop path goes by it."""
        for number, cell in enumerate(self.cells, start=1):
            strength = (number / len(self.cells) if self.by_layer else 1) * (min(1, progress) if self.by_time else 1)
            for module in cell.modules():
                if isinstance(module, DropPath):
                    module.keep = 1 - strength * (1 - self.keep)

    def logits(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor | None]:
        """Those of the network and, where there is one, of the auxiliary head, (N, classes) each."""
        tensors = self.through(self.enter(x_NCHW), 0, self.watched + 1)
        auxiliary_NK = self.auxiliary(tensors[-1]) if self.auxiliary is not None else None
        return self.classify(self.through(tensors, self.watched + 1, len(self.cells))[-1]), auxiliary_NK
