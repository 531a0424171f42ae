"""What other formats cannot take is known before the conversion."""

from __future__ import annotations

import pytest

from search_space.formats import resisting
from search_space.genotype import Cell, Edge, Genotype
from search_space.published import published


@pytest.mark.parametrize(
    ("operator", "files"),
    [
        ("halo", ["model.int8.onnx"]),
        ("dist_l1_3x3", ["model.onnx", "model.int8.onnx"]),
        ("rbf_3x3", ["model.onnx", "model.int8.onnx"]),
        ("cmix", ["model.int8.onnx"]),
        ("dist_l2_3x3", []),
    ],
)
def test_an_operator_is_named_with_the_files_that_cannot_hold_it(operator: str, files: list[str]) -> None:
    cell = Cell((Edge(0, 2, operator), Edge(1, 2, "sep_conv_3x3")), (2,))
    assert resisting(Genotype(cell, published["enas"].reduction)) == {file: [operator] for file in files}
