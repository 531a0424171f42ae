"""What operators are timed against: the same work, in the plain way."""

from __future__ import annotations

import pytest
import torch

from benchmarks.plain import CHANNELS, PLAIN
from search_space.operators import OPERATORS
from tests.search_space.counted import counted


def test_every_operator_has_its_plain_way() -> None:
    assert PLAIN.keys() == OPERATORS.keys()


@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_way_gives_the_same_shape_and_spends_no_fewer_multiplications(name: str) -> None:
    x_NCHW = torch.randn(2, CHANNELS, 16, 16)
    torch.manual_seed(0)
    assert PLAIN[name]()(x_NCHW).shape == x_NCHW.shape
    operator, shape = OPERATORS[name], (CHANNELS, 16, 16)
    if operator.family not in ("distance", "attention"):  # these are written as products there
        own = counted(lambda: operator.build(CHANNELS, CHANNELS), shape)
        assert counted(PLAIN[name], shape)[1] >= own[1]
