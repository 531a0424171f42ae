"""What the benchmark of exports judges its figures by."""

from __future__ import annotations

import pytest
import torch

from benchmarks.export import against_hand, too_slow


@pytest.mark.parametrize(
    ("name", "ratio", "missed"),
    [
        ("nasnet-a", 1.49, True),
        ("nasnet-a", 1.5, False),
        ("darts-v2", 1.2, True),
        ("lk_rep_17", 1.4, True),
        ("conv_1x1", 1.2, False),
        ("conv_1x1", 0.99, True),
        ("least_of_darts", 1.1, False),
        ("least_of_darts", 0.9, True),
        ("least_of_all_operators", 0.9, True),
    ],
)
def test_a_form_that_is_slower_than_it_is_to_be_is_told_in_a_line(name: str, ratio: float, missed: bool) -> None:
    figures = {f"{name}_training_to_inference_ratio": ratio, "nasnet_a_cell_by_hand_to_inference_ratio": 0.5}
    lines = too_slow(figures)
    assert len(lines) == missed
    assert all(line.startswith(f"{name}_training_to_inference_ratio is {ratio:.3f}, and is to be 1.") for line in lines)


def test_the_cell_by_hand_computes_what_the_exported_one_does() -> None:
    torch.manual_seed(0)
    assert against_hand(6) > 0  # it leaves where the two differ
