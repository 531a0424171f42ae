"""Dense cells: dead edges, and what two cells have in common."""

from __future__ import annotations

import numpy as np
import pytest

from service.sampling.encoding.dense_cell import DenseCell

NONE, SKIP, CONV = range(3)
# 0->1, 0->2, 1->2, 0->3, 1->3, 2->3
CELL = DenseCell(
    {"0->1": (0, 1), "0->2": (0, 2), "1->2": (1, 2), "0->3": (0, 3), "1->3": (1, 3), "2->3": (2, 3)}, 3, NONE, SKIP
)


def test_an_edge_that_carries_nothing_from_input_to_output_is_dead() -> None:
    into_nowhere = [CONV, CONV, CONV, SKIP, NONE, NONE]
    out_of_nothing = [NONE, NONE, CONV, SKIP, CONV, CONV]
    assert (
        CELL.simplest(np.array([into_nowhere, out_of_nothing])).tolist() == [[NONE, NONE, NONE, SKIP, NONE, NONE]] * 2
    )
    assert CELL.key(into_nowhere) == CELL.key(out_of_nothing)


def test_dead_edges_change_the_cell_as_it_stands_and_not_what_it_computes() -> None:
    function, alive, whole = CELL.views(
        np.array([[CONV, NONE, NONE, SKIP, NONE, NONE], [NONE, NONE, NONE, SKIP, NONE, NONE]])
    )
    assert all((group[0] == group[1]).all() for group in (*function, *alive))
    assert (whole[0][0] != whole[0][1]).any()


def test_mirrored_cells_compute_the_same() -> None:
    one = [CONV, NONE, NONE, NONE, CONV, NONE]  # 0->1->3
    other = [NONE, CONV, NONE, NONE, NONE, CONV]  # 0->2->3
    function, alive, _ = CELL.views(np.array([one, other]))
    assert all((group[0] == group[1]).all() for group in function)
    assert (alive[0][0] != alive[0][1]).any()


def test_traffic_counts_every_path_at_each_of_its_edges() -> None:
    totals, present, traffic, *_ = CELL.views(np.array([[CONV, NONE, SKIP, NONE, CONV, CONV]]))[0]
    assert totals.tolist() == [[0, 1, 3]]
    assert present.tolist() == [[0, 1, 1]]
    assert traffic.tolist() == [[0, 1, 4]]  # 0-1-3 has two convolutions, 0-1-2-3 two and a skip


def test_a_link_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        DenseCell({"1->0": (1, 0)}, 3, NONE, SKIP)


def test_paths_are_told_by_the_most_the_fewest_and_the_mean_number_of_operators_on_them() -> None:
    *_, most, fewest, mean = CELL.views(np.array([[CONV, NONE, CONV, SKIP, NONE, CONV], [NONE] * 6]))[0]
    assert most.tolist() == [[3, 3], [0, 0]]  # 0-1-2-3 has three convolutions, 0-3 none: by operator, then in all
    assert fewest.tolist() == [[0, 0], [0, 0]]
    assert mean.tolist() == [[1.5, 1.5], [0, 0]]
