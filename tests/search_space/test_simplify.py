"""Cells lose what carries nothing and what only copies, and compute the same as before."""

from __future__ import annotations

from itertools import product
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from search_space.genotype import Cell, Edge, Genotype
from search_space.presets import spaces
from search_space.published import published
from tests.search_space.strategies import Drawing, drawings

SEP, ID, SKIP, NONE = "sep_conv_3x3", "identity", "skip_connect", "none"
Term: TypeAlias = "tuple[object, ...]"
anything = drawings(operators=(SEP, ID, SKIP, NONE))


def value(drawing: Drawing, node: int) -> Term | None:
    """What a node is, as a term over the inputs; None where nothing comes. A copy is its original."""
    if node < 2:
        return ("input", node)
    terms = []
    for source, target, operator in drawing.edges:
        inner = value(drawing, source) if target == node and operator != NONE else None
        if inner is not None:
            copied = operator in (ID, SKIP) and source >= 2
            terms.append(inner if copied and inner[0] != "input" else (operator, inner))
    if not terms:
        return None
    joined = node in drawing.concat
    copies = len(terms) == 1 and not joined and terms[0][0] in ("sum", "concat")
    return terms[0] if copies else ("concat" if joined else "sum", *sorted(terms, key=repr))


def values(drawing: Drawing) -> list[str]:
    """What a cell gives out, in any order."""
    return sorted(repr(term) for node in drawing.outputs if (term := value(drawing, node)) is not None)


@given(anything)
def test_a_cell_still_computes_what_was_drawn(drawing: Drawing) -> None:
    cell = drawing.cell()
    assert values(Drawing(cell.edges, cell.outputs, cell.concat)) == values(drawing)


@given(anything)
def test_what_is_simple_is_its_own_simple_form_and_has_no_zeros(drawing: Drawing) -> None:
    cell = drawing.cell()
    assert Cell(cell.edges, cell.outputs, cell.concat) == cell
    dead = Cell((Edge(1, 2, NONE),), outputs=(2,))
    assert cell == dead or all(edge.operator != NONE for edge in cell.edges)


def test_an_edge_that_carries_nothing_is_left_out_with_all_that_nothing_reaches() -> None:
    drawn = Cell((Edge(0, 2, NONE), Edge(2, 3, SEP), Edge(1, 3, SEP), Edge(3, 4, NONE)), outputs=(3, 4))
    assert drawn == Cell((Edge(1, 2, SEP),), outputs=(2,))


def test_a_cell_that_nothing_passes_is_one_node_that_is_zero_and_reads_no_input() -> None:
    dead = Cell((Edge(0, 2, NONE), Edge(2, 3, SEP)), outputs=(2, 3))
    assert dead == Cell((Edge(1, 2, NONE),), outputs=(2,))
    assert dead.inputs == ()


def test_a_copy_of_an_inner_node_is_that_node() -> None:
    drawn = Cell((Edge(0, 2, SEP), Edge(2, 3, ID), Edge(3, 4, SKIP), Edge(4, 5, SEP)), outputs=(5,))
    assert drawn == Cell((Edge(0, 2, SEP), Edge(2, 3, SEP)), outputs=(3,))


def test_a_node_given_out_twice_is_still_given_out_twice() -> None:
    twice = Cell((Edge(0, 2, SEP), Edge(2, 3, ID), Edge(3, 4, SEP)), outputs=(2, 3, 4))
    assert len(twice.outputs) == 3
    assert twice == Cell((Edge(0, 2, SEP), Edge(2, 3, ID), Edge(2, 4, SEP)), outputs=(2, 3, 4))


def test_an_identity_that_is_added_or_joined_or_reads_an_input_stays() -> None:
    for edges, concat in [
        ((Edge(0, 2, SEP), Edge(2, 3, ID), Edge(1, 3, SEP)), ()),
        ((Edge(0, 2, SEP), Edge(2, 3, ID)), (3,)),
        ((Edge(0, 2, ID), Edge(2, 3, SEP)), ()),
    ]:
        assert sorted(Cell(edges, outputs=(3,), concat=concat).edges) == sorted(edges)


def test_a_copy_of_the_newest_input_is_that_input_in_a_normal_cell_and_not_in_a_reduction() -> None:
    cell = Cell((Edge(1, 2, SKIP), Edge(2, 3, SEP)), outputs=(3,))
    genotype = Genotype(cell, cell)
    assert genotype.normal == Cell((Edge(1, 2, SEP),), outputs=(2,))
    assert genotype.reduction == cell


def test_the_published_cells_are_simple() -> None:
    assert all(len(genotype.normal.nodes) in (4, 5) for genotype in published.values())


def test_of_the_15625_cells_of_nas_bench_201_6985_are_different() -> None:
    """Its authors count 6,466, for whom twins with weights of their own are one and a sum with a zero is another."""
    space = spaces["nb201"]
    names = [decision.name for decision in space.decisions]
    genotypes = {space.genotype(dict(zip(names, answers, strict=True))) for answers in product(range(5), repeat=6)}
    assert len(genotypes) == 6985
    assert all(space.genotype(space.choices(genotype)) == genotype for genotype in genotypes)


@given(st.integers(1, 5), st.data())
def test_every_dense_cell_has_answers(nodes: int, data: st.DataObject) -> None:
    operators = data.draw(st.lists(st.sampled_from(spaces["nb201"].operators), min_size=1, unique=True))
    space = spaces["nb201"].restricted(operators, nodes)
    choices = {d.name: data.draw(st.integers(0, len(d.choices) - 1)) for d in space.decisions}
    genotype = space.genotype(choices)
    assert space.genotype(space.choices(genotype)) == genotype
