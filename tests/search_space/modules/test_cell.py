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


class ReadsNewestTwice(ReadsBoth):
    """One whose newest input goes through two units."""

    newest_units = 2


def of(older_input: str) -> type[Cell]:
    """A cell of a skeleton with this `older_input`."""
    return type("Of", (ReadsBoth,), {"older_input": older_input})


def test_a_larger_older_input_goes_through_relu_and_is_halved_and_the_newest_goes_through_its_units() -> None:
    cell = ReadsNewestTwice(6, 5, 4, halves=True, raw_h0=True)
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
    ("older", "older_input", "raw_h0", "prepared"),
    [
        (6, "raw-first", True, False),
        (6, "raw-first", False, True),
        (4, "raw-first", False, False),
        (6, "fitted", True, True),
        (4, "fitted", False, False),
        (4, "prepared", True, True),
        (4, "prepared", False, True),
    ],
)
def test_an_older_input_as_large_as_the_newest_is_prepared_as_its_skeleton_says(
    older: int, older_input: str, raw_h0: bool, prepared: bool
) -> None:
    cell = of(older_input)(older, 5, 4, halves=False, raw_h0=raw_h0)
    h0, h1 = torch.randn(8, older, 5, 5), torch.randn(8, 5, 5, 5)
    found_h0, _ = cell.prepare(h0, h1)
    assert found_h0.shape[1] == cell.channels_h0 == (4 if prepared else older)
    assert (found_h0 is h0) != prepared
