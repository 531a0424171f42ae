"""Exported files are written for the number of axes that their maps have, and hold nothing for another."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import search_space.modules
from search_space.axes_source import _TOLD, for_axes
from search_space.export import to_python
from search_space.genotype import Cell, Edge, Genotype
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton
from search_space.unread_attributes import without_unmade, without_unread

SHAPES = {1: (4, 64), 2: (3, 32, 32), 3: (1, 16, 16, 16)}
MODULES = Path(search_space.modules.__path__[0])


def exports(dims: int) -> list[str]:
    """Both forms of networks that hold every operator for maps of so many axes, with what else may be in a file."""
    names = [name for name, operator in OPERATORS.items() if dims in operator.dims]
    cell = Cell(tuple(Edge(number % 2, 2 + number // 10, name) for number, name in enumerate(names)), (2, 3, 4, 5))
    plain = Cell((Edge(0, 2, "sep_conv_3x3"), Edge(1, 2, "skip_connect")), (2,))
    skeletons = [
        (cell, Skeleton(SHAPES[dims], 10, 16, cells_per_stage=2, stages=2)),
        (plain, Skeleton(SHAPES[dims], 10, 16, cells_per_stage=2, stages=2, recursion=2, residual_scale=0.2)),
        (plain, Skeleton(SHAPES[dims], 10, 16, cells_per_stage=2, stages=2, norm="ibn_a", initialisation="orthogonal")),
        (plain, Skeleton(SHAPES[dims], 10, 16, cells_per_stage=2, stages=2, norm="ibn_b", reversible=True)),
    ]
    return [
        to_python(Architecture(Genotype(used, used), skeleton), form)
        for used, skeleton in skeletons
        for form in ("training", "inference")
    ]


@pytest.mark.parametrize("dims", SHAPES)
def test_an_exported_file_holds_nothing_for_maps_of_another_number_of_axes(dims: int, tmp_path: Path) -> None:
    for number, text in enumerate(exports(dims)):
        assert "dims" not in text
        assert {int(layer) for layer in re.findall(r"nn\.\w+?([123])d\b", text)} == {dims}
        (tmp_path / f"network_{number}.py").write_text(text)
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "120", str(tmp_path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout


def test_every_paragraph_about_axes_stands_in_a_docstring() -> None:
    source = "".join(path.read_text() for path in MODULES.glob("*.py"))
    assert all(paragraph in source for paragraph in _TOLD)


def test_a_choice_by_the_number_of_axes_is_made() -> None:
    text = """\
def pool(
    kernel: int, a_long_name: int, another_long_name: int, one_more_long_name: int, stride: int, dims: int = 2
) -> nn.Module:
    layer: type[nn.Module] = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}[dims]
    return nn.Sequential(layer(kernel, stride), Adapter(kernel, dims), ConvNorm(kernel, dims=dims))"""
    assert (
        for_axes(text, 1)
        == """\
def pool(kernel: int, a_long_name: int, another_long_name: int, one_more_long_name: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.AvgPool1d(kernel, stride), Adapter(kernel), ConvNorm(kernel))"""
    )


@pytest.mark.parametrize(
    ("line", "of_signals", "of_images"),
    [
        (
            "x = y[(slice(None), slice(None), *[slice(None, None, 2)] * axes)]",
            "x = y[..., ::2]",
            "x = y[..., ::2, ::2]",
        ),
        (
            "x = y[(slice(None), slice(None), *[slice(1, None, self.stride)] * axes)]",
            "x = y[..., 1:: self.stride]",
            "x = y[..., 1:: self.stride, 1:: self.stride]",
        ),
        (
            "x = [pixels for side in reversed(y.shape[2:]) for pixels in (0, side % 2)]",
            "x = [0, y.shape[2] % 2]",
            "x = [0, y.shape[3] % 2, 0, y.shape[2] % 2]",
        ),
        ("x = y.mean(tuple(range(2, y.ndim)))", "x = y.mean((2,))", "x = y.mean((2, 3))"),
        ("x = y.sum([*range(1, y.ndim)])", "x = y.sum([1, 2])", "x = y.sum([1, 2, 3])"),
    ],
)
def test_what_is_done_along_every_axis_is_written_for_each(line: str, of_signals: str, of_images: str) -> None:
    text = f"def f(y: Tensor) -> None:\n    axes = y.ndim - 2\n    {line}"
    assert for_axes(text, 1) == f"def f(y: Tensor) -> None:\n    {of_signals}"
    assert for_axes(text, 2) == f"def f(y: Tensor) -> None:\n    {of_images}"


def test_layers_that_nothing_makes_are_not_asked_after() -> None:
    text = "x = isinstance(y, nn.ReLU | nn.SiLU | nn.ELU)\nz = isinstance(y, nn.Conv1d | nn.Conv2d)\nnn.ReLU()"
    assert without_unmade(text) == text.replace("nn.ReLU | nn.SiLU | nn.ELU", "nn.ReLU")


def test_what_nothing_reads_is_not_kept_unless_it_is_a_part() -> None:
    kept = "        self.read = 1\n        self.part = nn.ReLU()\n        return self.read\n"
    unread = "        self.unread: list[int] = []\n        self.unread.append(self.read)\n"
    assert without_unread(unread + kept) == kept
