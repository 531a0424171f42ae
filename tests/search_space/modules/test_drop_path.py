"""Dropping paths: whole images, with an unchanged expectation, and never in evaluation."""

from __future__ import annotations

import pytest
import torch

from search_space.modules.drop_path import DropPath


def dropping(keep: float) -> DropPath:
    module = DropPath()
    module.keep = keep
    return module


def test_who_keeps_everything_changes_nothing() -> None:
    x_NCHW = torch.randn(4, 3, 2, 2)
    assert dropping(1.0)(x_NCHW) is x_NCHW


def test_nothing_is_dropped_in_evaluation() -> None:
    x_NCHW = torch.randn(4, 3, 2, 2)
    assert dropping(0.1).eval()(x_NCHW) is x_NCHW


@pytest.mark.parametrize("shape", [(64, 3, 2, 2), (64, 3, 5), (64, 2, 3, 2, 2)])
def test_an_image_is_kept_as_a_whole_and_scaled_or_dropped_as_a_whole(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    rows = dropping(0.5)(torch.ones(shape)).flatten(1)
    assert set(rows.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(rows, rows[:, :1].expand_as(rows))


def test_the_expectation_stays() -> None:
    torch.manual_seed(0)
    assert dropping(0.6)(torch.ones(200_000, 1)).mean().item() == pytest.approx(1, abs=0.01)
