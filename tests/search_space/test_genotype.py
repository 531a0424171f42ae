"""Genotypes: canonical, stable in their keys, and honest about what is wrong."""

from __future__ import annotations

import json
import re
import time
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_space.cost import cost
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.network import Architecture, check_edges
from search_space.operators import OPERATORS
from search_space.published import published
from search_space.skeleton import InvalidSkeleton, skeletons
from tests.search_space.random_cells import random_genotype
from tests.search_space.strategies import Drawing, drawings, genotypes, redrawn

GOLDEN = Path(__file__).with_name("keys.json")
DRAWN = json.loads(Path(__file__).with_name("drawn_keys.json").read_text())
SEP, ID = "sep_conv_3x3", "identity"


def isomorphic(one: Drawing, other: Drawing) -> bool:
    """By trying every renumbering of the inner nodes; both drawings are free of dead nodes."""
    nodes = sorted({edge.target for edge in one.edges})
    wanted = sorted(other.edges), sorted(other.outputs), sorted(other.concat)
    for numbers in permutations(nodes):
        same = one.under({0: 0, 1: 1, **dict(zip(nodes, numbers, strict=True))})
        if (sorted(same.edges), sorted(same.outputs), sorted(same.concat)) == wanted:
            return True
    return False


def drawing_of(cell: Cell) -> Drawing:
    return Drawing(cell.edges, cell.outputs, cell.concat)


@given(st.data())
def test_isomorphic_cells_are_equal(data: st.DataObject) -> None:
    drawing = data.draw(drawings())
    assert data.draw(redrawn(drawing)).cell() == drawing.cell()


@given(drawings(most_nodes=4), drawings(most_nodes=4))
@settings(max_examples=200)
def test_equal_cells_are_isomorphic(one: Drawing, other: Drawing) -> None:
    first, second = one.cell(), other.cell()
    assert (first == second) == isomorphic(drawing_of(first), drawing_of(second))


@given(drawings())
def test_a_canonical_cell_is_its_own_canonical_form(drawing: Drawing) -> None:
    cell = drawing.cell()
    assert Cell(cell.edges, cell.outputs, cell.concat) == cell


@given(drawings())
def test_nodes_come_after_their_sources_and_all_are_alive(drawing: Drawing) -> None:
    cell = drawing.cell()
    assert all(edge.source < edge.target for edge in cell.edges)
    assert {edge.target for edge in cell.edges} == set(cell.nodes)
    assert {edge.source for edge in cell.edges}.union(cell.outputs) >= set(cell.nodes)


def test_what_reaches_no_output_is_left_out() -> None:
    dead_end = Cell((Edge(0, 2, SEP), Edge(2, 3, ID), Edge(1, 4, ID)), outputs=(4,), concat=(3,))
    assert dead_end == Cell((Edge(1, 2, ID),), outputs=(2,))


def test_twins_that_are_used_differently_are_told_apart() -> None:
    twins = Edge(0, 2, SEP), Edge(0, 3, SEP)
    one_twice = Cell((*twins, Edge(2, 4, ID), Edge(2, 4, SEP)), outputs=(3, 4))
    each_once = Cell((*twins, Edge(2, 4, ID), Edge(3, 4, SEP)), outputs=(4,))
    assert one_twice != each_once
    assert one_twice == Cell((*twins, Edge(3, 4, ID), Edge(3, 4, SEP)), outputs=(2, 4))


@pytest.mark.parametrize(
    "edges",
    [
        [(0, node, SEP) for node in range(2, 12)],
        [edge for node in range(2, 7) for edge in ((0, node, SEP), (node, node + 5, SEP))],
        [
            *((0, node, SEP) for node in range(2, 8)),
            *((node, user, SEP) for node in range(2, 8) for user in (8 + node % 4, 8 + (node + 1) % 4)),
        ],
    ],
)
def test_a_symmetric_cell_takes_no_exponential_time(edges: list[tuple[int, int, str]]) -> None:
    began = time.process_time()
    Cell(tuple(Edge(*edge) for edge in edges), outputs=(max(target for _, target, _ in edges),))
    Cell(tuple(Edge(*edge) for edge in edges), outputs=tuple({target for _, target, _ in edges}))
    assert time.process_time() - began < 1


@given(genotypes())
def test_a_genotype_survives_json(genotype: Genotype) -> None:
    again = Genotype.from_json(genotype.to_json())
    assert again == genotype
    assert again.key == genotype.key


def test_keys_stay_what_they_were() -> None:
    golden = json.loads(GOLDEN.read_text())
    assert {name: genotype.key for name, genotype in published.items()} == golden


@pytest.mark.parametrize("entry", DRAWN, ids=[entry["key"] for entry in DRAWN])
def test_keys_of_drawn_cells_stay_what_they_were(entry: dict[str, Any]) -> None:
    """Samples of spaces; drawings with joins, zeros, copies and dead parts; the zero cell; cells with symmetries."""
    assert Genotype.from_json(json.dumps(entry["genotype"])).key == entry["key"]


@pytest.mark.parametrize(
    ("edges", "outputs", "message"),
    [
        ([(0, 2, SEP), (3, 2, ID), (2, 3, ID)], [3], r"edge 2->3 \(identity\) lies on a cycle of nodes 2->3->2"),
        ([(0, 2, SEP), (2, 2, ID)], [2], r"edge 2->2 \(identity\) lies on a cycle of nodes 2->2"),
        ([(0, 2, SEP), (5, 2, ID)], [2], r"edge 5->2 \(identity\) starts at node 5, which has no input"),
        ([(-1, 2, SEP)], [2], r"edge -1->2 \(sep_conv_3x3\) starts at node -1"),
        ([(0, 1, SEP)], [1], r"edge 0->1 \(sep_conv_3x3\) ends in node 1"),
        ([(0, 2, SEP)], [3], "output 3 is a node without input"),
        ([(0, 2, SEP)], [2, 2], "each of them once"),
        ([(0, 2, SEP)], [], "at least one output"),
        ([(0, node, SEP) for node in range(2, 13)], [2], "at most 10 inner nodes and 100 edges, not 11 and 11"),
        ([(0, 2, 7)], [2], r"\[source, target, \"operator\"\]"),
        ([(True, 2, SEP)], [2], r"\[source, target, \"operator\"\]"),
        ("none", [2], "edges of the normal cell are a list"),
        ([], ["2"], "list of node numbers"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_node_or_edge(edges: Any, outputs: Any, message: str) -> None:
    good = {"edges": [[0, 2, SEP]], "outputs": [2]}
    text = json.dumps({"normal": {"edges": edges, "outputs": outputs}, "reduction": good})
    with pytest.raises(InvalidGenotype, match=message):
        Genotype.from_json(text)


@pytest.mark.parametrize(
    "edge",
    [
        ("0", 3, ID),
        (0, "3", ID),
        (True, 3, ID),
        (0, 3.0, ID),
        (None, 3, ID),
        (0, 3, 7),
        (0, 3, None),
        (0, 3, b"identity"),
        (0, 3, [ID]),
        (0, 3),
        (0, 3, ID, 1),
        (),
        [0, 3, ID],
        "03identity",
        7,
        None,
    ],
)
def test_an_edge_of_wrong_types_from_python_is_refused_with_its_place_and_its_values(edge: Any) -> None:
    told = r"^edge 1 of a cell has two numbers of nodes, source and target, and the name of an operator, not "
    with pytest.raises(InvalidGenotype, match=told + re.escape(repr(edge))):
        Cell((Edge(0, 2, SEP), Edge(*edge) if type(edge) is tuple and len(edge) == 3 else edge), (2,))


@pytest.mark.parametrize("nodes", [2, "2", None, ("2",), (2.0,), (True,), (None,), ([2],)])
def test_nodes_of_wrong_types_from_python_are_refused(nodes: Any) -> None:
    edges = (Edge(0, 2, SEP),)
    with pytest.raises(InvalidGenotype, match=r"^the outputs of a cell are a tuple of numbers of nodes, not "):
        Cell(edges, nodes)
    with pytest.raises(InvalidGenotype, match=r"^the concat of a cell are a tuple of numbers of nodes, not "):
        Cell(edges, (2,), nodes)


@pytest.mark.parametrize("edges", [None, 7, "edges", {Edge(0, 2, SEP)}])
def test_edges_that_are_no_tuple_are_refused(edges: Any) -> None:
    with pytest.raises(InvalidGenotype, match=r"^the edges of a cell are a tuple of edges, not "):
        Cell(edges, (2,))


@pytest.mark.parametrize("cell", [None, "normal", {"edges": [], "outputs": [0]}, Cell])
def test_a_genotype_of_other_things_than_cells_is_refused_with_which(cell: Any) -> None:
    good = Cell((Edge(0, 2, SEP),), (2,))
    with pytest.raises(InvalidGenotype, match=r"^the normal cell of a genotype is a Cell, not "):
        Genotype(cell, good)
    with pytest.raises(InvalidGenotype, match=r"^the reduction cell of a genotype is a Cell, not "):
        Genotype(good, cell)


@pytest.mark.parametrize("value", [None, 7, "tiny", {}, Cell])
def test_an_architecture_of_other_things_than_a_genotype_and_a_skeleton_is_refused_with_which(value: Any) -> None:
    cell = Cell((Edge(0, 2, SEP),), (2,))
    with pytest.raises(InvalidGenotype, match=r"^the genotype of an architecture is a Genotype, not .*$"):
        Architecture(value, skeletons["tiny"])
    with pytest.raises(InvalidSkeleton, match=r"^the skeleton of an architecture is a Skeleton, not .*$"):
        Architecture(Genotype(cell, cell), value)


@pytest.mark.parametrize("outputs", [[5], [2], [2, 5]])
def test_an_unknown_operator_is_refused_with_the_nodes_and_edge_of_the_text(outputs: list[int]) -> None:
    """Also where the canonical form numbers the nodes otherwise, or leaves the edge out."""
    good = {"edges": [[0, 2, SEP]], "outputs": [2]}
    bad = {"edges": [[0, 7, ID], [0, 2, SEP], [7, 5, "sep_conv_3x4"]], "outputs": outputs}
    told = r"reduction cell: edge 7->5 \(sep_conv_3x4\) carries an unknown operator to node 5; use sep_conv_3x3"
    text = json.dumps({"normal": good, "reduction": bad})
    Genotype.from_json(text)
    with pytest.raises(InvalidGenotype, match=told):
        Genotype.from_json(text, OPERATORS)


def test_an_unknown_operator_is_refused_with_its_edge() -> None:
    cell = Cell((Edge(0, 2, "warp_drive"),), outputs=(2,))
    with pytest.raises(InvalidGenotype, match=r"normal cell: edge 0->2 \(warp_drive\)"):
        Genotype(cell, cell).check_operators({SEP})


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", '{"normal": 1}', "1" * 5000, b"\xff", "NaN"])
def test_what_is_no_genotype_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidGenotype):
        Genotype.from_json(text)


@pytest.mark.parametrize("text", [None, 7, ["a"], {}, object()])
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(InvalidGenotype, match=r"^a genotype is JSON text: .*$"):
        Genotype.from_json(text)


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _paths(data: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else []
    return [place for key in keys for place in ((data, key), *_paths(data[key]))]


@given(st.data())
@settings(max_examples=300)
def test_mutated_json_gives_a_valid_genotype_or_a_refusal(data: st.DataObject) -> None:
    document = json.loads(data.draw(genotypes()).to_json())
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(_paths(document)))
        action = data.draw(st.sampled_from(["replace", "remove", "copy"]))
        if action == "replace":
            container[key] = data.draw(JSON_VALUES | st.integers(-1, 9))
        elif action == "remove":
            del container[key]
        elif isinstance(container, list):
            container.append(container[key])
        if not _paths(document):
            break
    try:
        genotype = Genotype.from_json(json.dumps(document))
    except InvalidGenotype:
        return
    assert Genotype.from_json(genotype.to_json()) == genotype


def test_ten_thousand_mutated_texts_give_valid_genotypes_or_refusals() -> None:
    rng = Random(0)
    texts = [genotype.to_json() for genotype in (*published.values(), *(random_genotype(seed) for seed in range(20)))]
    kept = 0
    for _ in range(10_000):
        text = rng.choice(texts)
        for _ in range(rng.randint(1, 4)):
            text = mutated(text, rng)
        try:
            genotype = Genotype.from_json(text)
        except InvalidGenotype:
            continue
        kept += 1
        assert Genotype.from_json(genotype.to_json()) == genotype
        if all(edge.operator in OPERATORS for _, cell in genotype.cells for edge in cell.edges):
            assert cost(Architecture(genotype, skeletons["tiny"])).params > 0
        else:
            with pytest.raises(InvalidGenotype, match=r"cell: edge \d+->\d+"):
                Architecture(genotype, skeletons["tiny"])
    assert 200 < kept < 9_800


def mutated(text: str, rng: Random) -> str:
    """A character less, more or other; a number or an operator exchanged; a piece doubled or cut out."""
    first, last = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    last = min(last, first + 30)
    number = rng.choice(["-1", "0", "1", "2", "7", "1e3", "2.5", "999999999999", "null", "true", '"2"', "[]", "NaN"])
    match rng.randrange(6):
        case 0:
            return text[:first] + text[last:]
        case 1:
            return text[:last] + text[first:]
        case 2:
            return text[:first] + rng.choice('{}[]",:0129eE-\\\x00\ud800é') + text[first + 1 :]
        case 3:
            digits = [match.span() for match in re.finditer(r"\d+(?=[],])", text)]
            begin, end = rng.choice(digits) if digits else (0, 0)
            return text[:begin] + number + text[end:]
        case 4:
            return text.replace(rng.choice(sorted(OPERATORS)), rng.choice([*OPERATORS, "sep_conv_9x9", ""]), 1)
        case _:
            return text.replace("sep_conv_3x3", rng.choice(sorted(OPERATORS)), rng.randint(1, 3))


@pytest.mark.parametrize("name", [name for name, operator in OPERATORS.items() if operator.narrowest > 1])
def test_an_operator_that_cannot_take_the_width_is_refused_with_its_nodes_and_edge(name: str) -> None:
    """Every skeleton's narrowest nodes are wide enough for all of ours, so the widths are told here."""
    cell = Cell((Edge(0, 2, SEP), Edge(1, 3, name), Edge(2, 3, SEP)), (3,))
    genotype, fewest = Genotype(cell, cell), OPERATORS[name].narrowest
    check_edges(genotype, 2, fewest)
    told = rf"normal cell: edge 1->3 \({name}\) .* for {fewest} channels .* nodes 1 and 3 .* few as {fewest - 1}$"
    with pytest.raises(InvalidGenotype, match=told):
        check_edges(genotype, 2, fewest - 1)
