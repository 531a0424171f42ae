"""Cells that run more than once with the same weights."""

from torch import Tensor, nn

from search_space.modules.cell import Cell
from search_space.modules.cell_shapes import keeps_shape
from search_space.modules.network import Network


class Recursion(nn.Module):
    """A cell run as often as there are `turns`: each reads the same older input, and what the one before it gave.

    (Sliced recursion: Shen et al. 2021, arXiv 2111.05297, for cells.)
    """

    def __init__(self, turns: list[nn.Module]) -> None:
        super().__init__()
        self.turns = nn.ModuleList(turns)

    def forward(self, h0: Tensor, h1: Tensor) -> Tensor:
        """What the last turn gives, of the shape of h1."""
        for turn in self.turns:
            h1 = turn(h0, h1)
        return h1


def use_recursion(network: Network, times: int) -> None:
    """Runs every normal cell `times` times that reads its newest input and gives a result of its shape."""
    for parent in list(network.modules()):
        for name, cell in list(parent.named_children()):
            if isinstance(cell, Cell) and keeps_shape(cell):
                turns = [type(cell)(*cell.arguments) for _ in range(times - 1)]
                parent.add_module(name, Recursion([cell, *turns]))


def share_weights(network: nn.Module) -> None:
    """Gives all turns of a recursion the weights of the first; each keeps norms of its own."""
    norms = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.GroupNorm | nn.LayerNorm
    instance_norms = nn.InstanceNorm1d | nn.InstanceNorm2d | nn.InstanceNorm3d
    for recursion in network.modules():
        if isinstance(recursion, Recursion):
            for turn in recursion.turns[1:]:
                for first, part in zip(recursion.turns[0].modules(), turn.modules(), strict=True):
                    if not isinstance(part, norms | instance_norms):
                        for name, parameter in list(first.named_parameters(recurse=False)):
                            part.register_parameter(name, parameter)
