"""How a cell prepares its two inputs."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from search_space.modules.cell import Cell
from tests.search_space.trained import as_if_trained


class ReadsBoth(Cell):
    """A cell of which only the preparation matters."""

    stride, reads, outputs = 1, (0, 1), 1


def test_a_larger_older_input_goes_through_relu_and_is_halved_and_the_newest_goes_through_its_units() -> None:
    cell = ReadsBoth(6, 5, 4, halves=True, fit="never", units=2)
    h0, h1 = torch.randn(8, 6, 10, 9), torch.randn(8, 5, 5, 5)
    older, newest = as_if_trained(cell.prepare_h0, h0), as_if_trained(cell.prepare_h1, h1)
    expected_h0, expected_h1 = older.get_submodule("1")(F.relu(h0)), h1
    for unit in newest.children():
        convolution, norm = (layer for layer in unit.modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d))
        expected_h1 = norm(F.conv2d(F.relu(expected_h1), convolution.get_parameter("weight")))
    found_h0, found_h1 = cell.prepare(h0, h1)
    assert torch.allclose(found_h0, expected_h0, atol=1e-5)
    assert torch.allclose(found_h1, expected_h1, atol=1e-5)


@pytest.mark.parametrize(
    ("older", "fit", "prepared"),
    [(6, "never", False), (6, "width", True), (4, "width", False), (4, "always", True)],
)
def test_an_older_input_as_large_as_the_newest_is_prepared_as_fit_says(older: int, fit: str, prepared: bool) -> None:
    cell = ReadsBoth(older, 5, 4, halves=False, fit=fit, units=1)
    h0, h1 = torch.randn(8, older, 5, 5), torch.randn(8, 5, 5, 5)
    found_h0, _ = cell.prepare(h0, h1)
    assert found_h0.shape[1] == cell.channels_h0 == (4 if prepared else older)
    assert (found_h0 is h0) != prepared
