"""Dense cells: dead edges, and what two cells have in common."""

from __future__ import annotations

from dataclasses import replace

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


def test_dead_edges_change_nothing_where_they_do_not_count() -> None:
    for view in CELL.views(np.array([[CONV, NONE, NONE, SKIP, NONE, NONE], [NONE, NONE, NONE, SKIP, NONE, NONE]])):
        assert all((group[0] == group[1]).all() for group in view)


def test_dead_edges_that_count_are_paid_for_where_they_lead_to_the_output_and_where_everything_is_run() -> None:
    bare = [NONE, NONE, NONE, SKIP, NONE, NONE]
    into_nowhere, out_of_nothing = [CONV, *bare[1:]], [*bare[:5], CONV]
    function, compiled, compiled_totals, whole, whole_totals = replace(CELL, dead_edges_count=True).views(
        np.array([bare, into_nowhere, out_of_nothing])
    )
    assert all((group == group[0]).all() for group in function)
    assert compiled_totals[0].tolist() == [[0, 1, 0], [0, 1, 0], [0, 1, 1]]
    assert whole_totals[0].tolist() == [[5, 1, 0], [4, 1, 1], [4, 1, 1]]
    assert (compiled[0][0] != compiled[0][2]).any()
    assert (whole[0][0] != whole[0][1]).any()


def test_mirrored_cells_compute_the_same() -> None:
    one = [CONV, NONE, NONE, NONE, CONV, NONE]  # 0->1->3
    other = [NONE, CONV, NONE, NONE, NONE, CONV]  # 0->2->3
    function, alive, totals = CELL.views(np.array([one, other]))
    assert all((group[0] == group[1]).all() for group in (*function, *totals))
    assert (alive[0][0] != alive[0][1]).any()


def test_traffic_counts_every_path_at_each_of_its_edges() -> None:
    totals, traffic, *_ = CELL.views(np.array([[CONV, NONE, SKIP, NONE, CONV, CONV]]))[0]
    assert totals.tolist() == [[0, 1, 3]]
    assert traffic.tolist() == [[0, 1, 4]]  # 0-1-3 has two convolutions, 0-1-2-3 two and a skip


def test_cells_are_alike_that_compute_the_same_along_whichever_edges() -> None:
    chain = [CONV, NONE, NONE, NONE, CONV, NONE]  # 0->1->3
    mirrored = [NONE, CONV, NONE, NONE, NONE, CONV]  # 0->2->3
    with_detour = [SKIP, NONE, CONV, NONE, NONE, CONV]  # 0->1->2->3
    with_dead_edge = [CONV, CONV, NONE, NONE, CONV, NONE]
    twice = [CONV, NONE, NONE, NONE, CONV, SKIP]  # 2 is never reached
    shared = [CONV, NONE, SKIP, NONE, SKIP, SKIP]  # one convolution, added to itself
    apart = [NONE, SKIP, NONE, CONV, NONE, CONV]  # two convolutions of the input
    numbers = CELL.functions(np.array([chain, mirrored, with_detour, with_dead_edge, twice, shared, apart]))
    assert len(set(numbers[:5].tolist())) == 1
    assert numbers[5] == numbers[6] != numbers[0]


def test_contexts_tell_what_reads_what() -> None:
    contexts = [CELL.views(np.array([row]))[0][-1] for row in ([CONV, NONE, NONE, NONE, CONV, NONE], [CONV] * 6)]
    assert contexts[0].sum() == 4  # the input, a convolution of it, a convolution of that, and the result
    assert (contexts[0] != contexts[1]).any()


def test_a_link_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        DenseCell({"1->0": (1, 0)}, 3, NONE, SKIP)


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        ([(0, 2), (1, 2), (0, 3), (1, 3), (2, 3)], "one input"),
        ([(1, 2), (1, 3), (2, 3)], "one input, node 0"),
        ([(0, 1), (0, 2), (1, 2), (1, 3)], "one output"),
        ([(0, 1), (0, 1)], "one link"),
    ],
)
def test_links_that_are_another_cell_are_refused(ends: list[tuple[int, int]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DenseCell({str(place): link for place, link in enumerate(ends)}, 3, NONE, SKIP)


def test_paths_are_told_by_the_most_the_fewest_and_the_mean_number_of_operators_on_them() -> None:
    *_, most, fewest, mean, _ = CELL.views(np.array([[CONV, NONE, CONV, SKIP, NONE, CONV], [NONE] * 6]))[0]
    assert most.tolist() == [[3, 3], [0, 0]]  # 0-1-2-3 has three convolutions, 0-3 none: by operator, then in all
    assert fewest.tolist() == [[0, 0], [0, 0]]
    assert mean.tolist() == [[1.5, 1.5], [0, 0]]
