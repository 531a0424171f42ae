"""Encodings tell genotypes apart, and the distance is one."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_space.encoding import distance, one_hot, paths
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.presets import spaces
from search_space.published import published
from search_space.variation import mutation
from tests.search_space.strategies import genotypes

OPERATORS = ("identity", "sep_conv_3x3")
small = genotypes(OPERATORS)


@given(small, small)
def test_two_genotypes_have_the_same_one_hot_code_only_if_they_are_equal(one: Genotype, other: Genotype) -> None:
    assert (one_hot(one, OPERATORS) == one_hot(other, OPERATORS)) == (one == other)


def test_one_hot_codes_of_a_space_have_one_length_and_hold_an_entry_for_each_edge() -> None:
    space = spaces["nasnet"]
    rng = random.Random(0)
    for _ in range(20):
        genotype = space.sample(rng)
        code = one_hot(genotype, space.operators, space.nodes)
        edges = sum(len(cell.edges) for _, cell in genotype.cells)
        given_out = sum(len(cell.outputs) + len(cell.concat) for _, cell in genotype.cells)
        assert len(code) == 2 * (2 + 11 * (2 + 3 + 4 + 5 + 6) + 2 * 5)
        assert sum(code) == edges + given_out


def test_what_has_no_place_in_a_code_is_refused_with_its_edge() -> None:
    with pytest.raises(InvalidGenotype, match=r"normal cell: edge 0->2 \(avg_pool_3x3\)"):
        one_hot(published["nasnet-a"], ("identity",))
    with pytest.raises(InvalidGenotype, match="2 nodes"):
        one_hot(published["enas"], nodes=2)


def test_the_paths_of_a_cell_are_counted_by_their_operators() -> None:
    cell = Cell((Edge(0, 2, "a"), Edge(1, 2, "b"), Edge(2, 3, "c"), Edge(1, 3, "b")), outputs=(1, 2, 3))
    assert paths(cell) == Counter(
        {(1,): 1, (0, "a"): 1, (1, "b"): 2, (0, "a", "c"): 1, (1, "b", "c"): 1},
    )


def chain(edges: int, nodes: int) -> Cell:
    """So many parallel edges of different operators from each node to the next: `edges` ** `nodes` paths."""
    return Cell(
        tuple(Edge(node - 1, node, f"o{edge}") for node in range(2, 2 + nodes) for edge in range(edges)), (1 + nodes,)
    )


def test_paths_are_listed_up_to_ten_thousand_and_more_are_refused() -> None:
    assert len(paths(chain(10, 4))) == 10_000
    for cell in (chain(10, 10), chain(22, 3), Cell(chain(10, 4).edges, (4, 5))):
        with pytest.raises(ValueError, match=r"^a cell with more than 10,000 different paths has too many to list$"):
            paths(cell)


def test_every_cell_of_two_edges_a_node_has_its_paths_listed() -> None:
    cell = Cell(chain(2, 10).edges, tuple(range(12)))
    assert len(paths(cell)) == 2 + sum(2**node for node in range(1, 11)) == 2048


@given(small, small, small)
def test_the_distance_is_a_metric(one: Genotype, other: Genotype, third: Genotype) -> None:
    assert (distance(one, other) == 0) == (one == other)
    assert distance(one, other) == distance(other, one)
    assert distance(one, third) <= distance(one, other) + distance(other, third)


@given(st.integers(0, 2**32))
def test_mutants_are_nearer_than_strangers_on_average(seed: int) -> None:
    space, rng = spaces["nasnet"], random.Random(seed)
    genotype = space.sample(rng)
    near = [distance(genotype, mutation(space, genotype, rng)) for _ in range(12)]
    far = [distance(genotype, space.sample(rng)) for _ in range(12)]
    assert sum(near) < sum(far)
