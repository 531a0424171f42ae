"""Genotypes of other tools are read as what they are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_space.foreign import from_darts, from_nas_bench_201, from_nni
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.presets import spaces
from search_space.published import published

# quark0/darts, cnn/genotypes.py
DARTS_V2 = """Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),
('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5],
reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0),
('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))"""
DENSEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"


def nni(cells: dict[str, str]) -> dict[str, Any]:
    """Pairs of operator and source, as NNI names them."""
    found: dict[str, Any] = {}
    for cell, text in cells.items():
        for node, pairs in enumerate(text.split("|"), start=2):
            words = pairs.split()
            for operand, (operator, source) in enumerate(zip(words[::2], words[1::2], strict=True)):
                found[f"{cell}/op_{node}_{operand}"] = operator
                found[f"{cell}/input_{node}_{operand}"] = int(source)
    return found


def test_darts_writes_its_second_cell_like_this() -> None:
    assert from_darts(DARTS_V2) == from_darts(f"DARTS_V2 = {DARTS_V2}") == published["darts-v2"]


def test_nni_writes_the_same_cell_like_this() -> None:
    fields = nni(
        {
            "normal": "sep_conv_3x3 0 sep_conv_3x3 1|sep_conv_3x3 0 sep_conv_3x3 1|sep_conv_3x3 1 skip_connect 0|"
            "skip_connect 0 dil_conv_3x3 2",
            "reduce": "max_pool_3x3 0 max_pool_3x3 1|skip_connect 2 max_pool_3x3 1|max_pool_3x3 0 skip_connect 2|"
            "skip_connect 2 max_pool_3x3 1",
        }
    )
    assert from_nni(fields) == published["darts-v2"]
    listed = {key: [value] if "input" in key else value for key, value in fields.items()}
    assert from_nni(listed) == published["darts-v2"]


def test_loose_ends_of_nni_are_nodes_that_nothing_reads_and_no_inputs() -> None:
    fields = nni(
        {
            "normal": "sep_conv_3x3 1 max_pool_3x3 1|sep_conv_5x5 2 sep_conv_3x3 1",
            "reduce": "max_pool_3x3 0 max_pool_3x3 1",
        }
    )
    read_on = Cell(
        (
            Edge(1, 2, "sep_conv_3x3"),
            Edge(1, 2, "max_pool_3x3"),
            Edge(2, 3, "sep_conv_5x5"),
            Edge(1, 3, "sep_conv_3x3"),
        ),
        outputs=(3,),
    )
    assert from_nni(fields, merge="loose_end").normal == read_on
    assert from_nni(fields).normal == replace(read_on, outputs=(2, 3))


def test_two_stacked_dilated_units_of_nni_are_refused() -> None:
    fields = nni({"normal": "dil_sep_conv_3x3 0 max_pool_3x3 1", "reduce": "max_pool_3x3 0 max_pool_3x3 1"})
    with pytest.raises(InvalidGenotype, match="normal cell: edge 0->2 carries 'dil_sep_conv_3x3'"):
        from_nni(fields)


def test_a_cell_of_nas_bench_201_lies_in_its_space() -> None:
    genotype = from_nas_bench_201(DENSEST)
    space = spaces["nb201"]
    assert space.genotype(space.choices(genotype)) == genotype
    assert [str(edge) for edge in genotype.normal.edges] == [
        "1->2 (conv_3x3)",
        "1->3 (conv_3x3)",
        "2->3 (conv_3x3)",
        "1->4 (skip_connect)",
        "2->4 (conv_3x3)",
        "3->4 (conv_3x3)",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "|", "|nor_conv_3x3~0", "|nor_conv_3x3~9|", "|warp~0|", "|none~0|+", "|none~-1|", f"|none~{'9' * 5000}|"],
)
def test_what_nas_bench_201_does_not_write_is_refused(text: str) -> None:
    with pytest.raises(InvalidGenotype):
        from_nas_bench_201(text)


@pytest.mark.parametrize(
    "change",
    [
        ("Genotype(", "("),
        ("'skip_connect', 0", "'warp', 0"),
        ("'skip_connect', 0", "'skip_connect', '0'"),
        ("'skip_connect', 0", "__import__('os'), 0"),
        ("'skip_connect', 0", "'skip_connect', 9"),
        ("range(2, 6)", "range(2, 10**9)"),
        ("range(2, 6)", "range(2, 1000000000)"),
        ("range(2, 6)", f"range(2, {10**22})"),
        ("range(2, 6)", "range(2, stop=6)"),
        ("range(2, 6)", "range(2, 10)"),
        ("normal=", "evil=3, normal="),
        ("Genotype(", "Genotype([], "),
        ("reduce_concat", "reduced_concat"),
        ("('sep_conv_3x3', 0), ", "", 1),
        (")", ""),
    ],
)
def test_what_darts_does_not_write_is_refused(change: Any) -> None:
    assert change[0] in DARTS_V2
    with pytest.raises(InvalidGenotype):
        from_darts(DARTS_V2.replace(*change))


@given(st.text(max_size=40) | st.sampled_from(["(" * 10_000, "[" * 300, "Genotype()", "0" * 5000]))
def test_no_text_is_more_than_refused(text: str) -> None:
    for read in (from_darts, from_nas_bench_201):
        with pytest.raises(InvalidGenotype):
            read(text)


@pytest.mark.parametrize("value", [None, 7, b"|nor_conv_3x3~0|", ["|nor_conv_3x3~0|"], object()])
def test_what_is_no_text_or_no_mapping_is_refused_by_its_tool(value: Any) -> None:
    readers: list[tuple[Callable[[Any], Genotype], str]] = [
        (from_darts, "a genotype of DARTS is text, not "),
        (from_nas_bench_201, "a genotype of NAS-Bench-201 is text, not "),
        (from_nni, "a genotype of NNI is a mapping of entries like 'normal/op_2_0', not "),
    ]
    for read, told in readers:
        with pytest.raises(InvalidGenotype, match=f"^{told}.*$"):
            read(value)


def test_an_unknown_way_to_merge_nodes_is_refused() -> None:
    merge: Any = "loose"
    with pytest.raises(InvalidGenotype, match=r"^merge is 'all' or 'loose_end', not 'loose'$"):
        from_nni(NNI, merge)


@pytest.mark.parametrize(
    "change",
    [
        {"normal/op_2_0": "warp"},
        {"normal/op_2_0": ["skip_connect"]},
        {"normal/input_2_0": "0"},
        {"normal/input_2_0": None},
        {"normal/input_2_0": 7},
        {f"normal/op_{'9' * 5000}_0": "skip_connect", f"normal/input_{'9' * 5000}_0": 1},
    ],
)
def test_what_nni_does_not_write_is_refused(change: dict[str, Any]) -> None:
    fields = nni({"normal": "skip_connect 0 sep_conv_3x3 1", "reduce": "skip_connect 0 sep_conv_3x3 1"})
    with pytest.raises(InvalidGenotype):
        from_nni(fields | change)
    with pytest.raises(InvalidGenotype, match="reduce/op_2_0"):
        from_nni({key: value for key, value in fields.items() if "normal" in key})


PAIR = "('sep_conv_3x3', 0), ('sep_conv_3x3', 1)"
NNI = {"normal/op_2_0": "sep_conv_3x3", "normal/input_2_0": 1, "reduce/op_2_0": "sep_conv_3x3", "reduce/input_2_0": 1}


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda: from_nas_bench_201("|none~0|+|none~0|warp~1|"), "edge warp~1 of node 2 carries 'warp'"),
        (lambda: from_nas_bench_201("|none~0|+|none~0|none~7|"), "edge none~7 of node 2 starts at node 7"),
        (lambda: from_nas_bench_201("|none~0|+|none~0|none~2|"), "edge none~2 of node 2 starts at node 2"),
        (lambda: from_nni(NNI | {"width": 36, "reduce/input_2_1": 0}), "leave out 'width', 'reduce/input_2_1'"),
        (lambda: from_nni(NNI | {f"x{n}": 0 for n in range(5)}), "leave out 'x0', 'x1', 'x2', ..."),
        (lambda: from_nni(NNI | {"reduce/op_2_0": "warp"}), "reduce cell: edge 1->2 carries 'warp'"),
        (lambda: from_nni(NNI | {"reduce/input_2_0": 9}), r"reduce cell: edge 9->2 .* starts at node 9"),
        (lambda: from_nni(NNI | {"reduce/input_2_0": 2}), r"reduce cell: edge 2->2 .* on a cycle of nodes 2->2"),
        (
            lambda: from_darts(darts_with("('warp', 0), ('sep_conv_3x3', 1)")),
            "reduction cell: edge 0->2 carries 'warp'",
        ),
        (lambda: from_darts(darts_with("('sep_conv_3x3', 0), ('sep_conv_3x3', 5)")), r"reduction cell: edge 5->2"),
        (
            lambda: from_darts(darts_with("('sep_conv_3x3', 0, 1), ('sep_conv_3x3', 1)")),
            r"is written Genotype\(normal=",
        ),
        (lambda: from_darts("__import__('os').system('id')"), r"is written Genotype\(normal="),
    ],
)
def test_what_is_wrong_is_told_with_its_cell_node_and_edge(read: Callable[[], Genotype], told: str) -> None:
    with pytest.raises(InvalidGenotype, match=told):
        read()


def darts_with(reduction: str) -> str:
    return f"Genotype(normal=[{PAIR}], normal_concat=[2], reduce=[{reduction}], reduce_concat=[2])"
