"""A network with what helps its training: an auxiliary head, drop path."""

from torch import Tensor

from search_space.modules.auxiliary import AuxiliaryHead
from search_space.modules.drop_path import DropPath
from search_space.modules.network import Network, initialise


class RegularisedNetwork(Network):
    """A Network with what may help its training.

    It may have an `auxiliary` head: see `logits`. Its cells may drop paths: see `set_progress`.
    """

    auxiliary: AuxiliaryHead
    auxiliary_weight = 0.0
    watched: int | None = None
    keep = 1.0
    by_layer = True
    by_time = True

    def add_auxiliary(
        self,
        weight: float,
        offset: int,
        size: tuple[int, ...],
        pool_stride: int,
        widths: tuple[int, int],
        last_norm: bool,
    ) -> None:
        """Adds an AuxiliaryHead at `offset` from the last reduction cell, where maps are of `size`.

        Its loss counts `weight` times, more than 0 and at most 10, beside the network's.
        """
        if not 0 < weight <= 10:
            raise ValueError(f"the weight of an auxiliary head is more than 0 and at most 10, not {weight}")
        if len(self.stage_ends) == 1 or not 0 <= self.last_reduction + offset < len(self.cells):
            raise ValueError("an auxiliary head stands at a reduction cell: use more stages or cells, or a weight of 0")
        self.auxiliary_weight = weight
        self.watched = self.last_reduction + offset
        channels_in, classes = self.result_widths[self.watched], self.classifier.out_features
        self.auxiliary = AuxiliaryHead(channels_in, classes, size, pool_stride, widths, last_norm)
        self.auxiliary.apply(initialise)

    def schedule_drop_path(self, keep: float, by_layer: bool, by_time: bool) -> None:
        """Lets the probability to keep a path fall to `keep`: over the cells, over the training, or over both."""
        if not 0 < keep <= 1:
            raise ValueError(f"keep is the probability to keep a path, more than 0 and at most 1, not {keep}")
        self.keep, self.by_layer, self.by_time = keep, by_layer, by_time
        self.set_progress(0.0)

    def set_progress(self, progress: float) -> None:
        """Says how much of the training is done, 0 to 1: drop path goes by it."""
        for number, cell in enumerate(self.cells, start=1):
            depth = number / len(self.cells) if self.by_layer else 1
            time = min(1, progress) if self.by_time else 1
            for module in cell.modules():
                if isinstance(module, DropPath):
                    module.keep = 1 - depth * time * (1 - self.keep)

    def logits(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor | None]:
        """Those of the network, (N, classes), and of a second classifier in its middle where there is one."""
        if self.watched is None:
            return self(x_NCHW), None
        tensors = self.enter(x_NCHW)
        auxiliary_NK: Tensor | None = None
        for number in range(len(self.cells)):
            tensors = self.step(number, tensors)
            if number == self.watched:
                auxiliary_NK = self.auxiliary(tensors[-1])
        return self.classify(tensors[-1]), auxiliary_NK
