"""Which cells give what they are given."""

from torch import nn

from search_space.modules.cell import Cell


def keeps_shape(cell: nn.Module) -> bool:
    """Whether it is a cell that reads its newest input and gives a result of its shape."""
    return (
        isinstance(cell, Cell) and cell.stride == 1 and 1 in cell.reads and cell.newest == cell.outputs * cell.channels
    )
