"""Cells whose inputs can be computed from their results, so that training need not keep them."""

import torch
from torch import Tensor, nn

from search_space.modules.batch_norms import let_norms_count
from search_space.modules.cell import Cell
from search_space.modules.cell_shapes import keeps_shape
from search_space.modules.network import Network
from search_space.modules.regularised import RegularisedNetwork


class ReversibleCell(nn.Module):
    """h0 + cell(h1, h1): from this and h1, h0 can be had back.

    Two such cells in a row are a reversible coupling of h0 and h1: y0 = h0 + F(h1), y1 = h1 + G(y0) (RevNet: Gomez et
    al. 2017, arXiv 1707.04585; for volumes Pendse et al. 2021, arXiv 2104.09648).
    """

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, h0: Tensor, h1: Tensor) -> Tensor:
        """The sum, of the shape of h0 and h1."""
        return h0 + self.change(h1)

    def change(self, h1: Tensor) -> Tensor:
        """What is added to h0."""
        change: Tensor = self.cell(h1, h1)
        return change


def use_reversible_cells(network: Network) -> None:
    """Makes every normal cell reversible that reads its newest input and whose inputs and result are of one shape."""
    for number, cell in enumerate(network.cells):
        if isinstance(cell, Cell) and keeps_shape(cell):
            older, newest, _, halves, *_ = cell.arguments
            if older == newest and not halves:
                network.cells[number] = ReversibleCell(cell)


class Couplings(torch.autograd.Function):
    """Reversible cells in a row, of which only the last two results are kept for the gradient."""

    @staticmethod
    def forward(
        context: torch.autograd.Function,
        cells: list[ReversibleCell],
        older: Tensor,
        newest: Tensor,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The two newest tensors after all `cells`; the `parameters` are theirs, for autograd to know of them."""
        context.cells = cells  # type: ignore[attr-defined]
        for cell in cells:
            older, newest = newest, cell(older, newest)
        context.save_for_backward(older, newest)
        return older, newest

    @staticmethod
    def backward(context: torch.autograd.Function, of_older: Tensor, of_newest: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of both inputs and all parameters; the cells run once more, last to first."""
        saved: tuple[Tensor, ...] = context.saved_tensors
        older, newest = saved
        of_parameters: list[Tensor] = []
        for cell in reversed(context.cells):  # type: ignore[attr-defined]
            read = older.detach().requires_grad_()
            with torch.enable_grad():
                change = changed_again(cell, read)
            gradients = torch.autograd.grad(change, [read, *trained(cell)], of_newest, materialize_grads=True)
            of_parameters = [*gradients[1:], *of_parameters]
            older, newest = newest - change.detach(), older
            of_older, of_newest = of_newest, of_older + gradients[0]
        return None, of_older, of_newest, *of_parameters


def trained(cell: nn.Module) -> list[Tensor]:
    """Its parameters, but those that are frozen."""
    return [parameter for parameter in cell.parameters() if parameter.requires_grad]


def changed_again(cell: ReversibleCell, h1: Tensor) -> Tensor:
    """What the cell adds, where its norms do not count the batch a second time."""
    let_norms_count(cell, False)
    change = cell.change(h1)
    let_norms_count(cell, True)
    return change


class ReversibleNetwork(RegularisedNetwork):
    """A network whose reversible cells keep two tensors for the gradient, however many they are in a row."""

    def step(self, number: int, tensors: list[Tensor]) -> list[Tensor]:
        """The three newest tensors after the cell; reversible ones in a row are run together, with their first."""
        if not isinstance(self.cells[number], ReversibleCell):
            return super().step(number, tensors)
        if self.goes_on(number):
            return tensors
        row = self.row_from(number)
        parameters = [parameter for cell in row for parameter in trained(cell)]
        older, newest = Couplings.apply(row, *tensors[-2:], *parameters)  # type: ignore[no-untyped-call]
        return [tensors[-1], older, newest]

    def row_from(self, number: int) -> list[nn.Module]:
        """The cells of a row, from this one on."""
        rest = self.row_from(number + 1) if self.goes_on(number + 1) else []
        return [self.cells[number], *rest]

    def goes_on(self, number: int) -> bool:
        """Whether the cell is of one row with the one before it."""
        if self.watched is not None and number == self.watched + 1:
            # An auxiliary head reads what the one before gives.
            return False
        if not 0 < number < len(self.cells):
            return False
        return isinstance(self.cells[number - 1], ReversibleCell) and isinstance(self.cells[number], ReversibleCell)
