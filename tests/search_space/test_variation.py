"""Mutation and crossover stay in the space and change what they should."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from search_space.genotype import Genotype
from search_space.presets import spaces
from search_space.space import CellSpace
from search_space.variation import crossover, mutation

SPACES = {**spaces, "same-dense": replace(spaces["nb201"], reduction="same")}
anywhere = given(st.sampled_from(sorted(SPACES)), st.integers(0, 2**32))


@anywhere
def test_a_mutant_is_another_genotype_of_the_space(name: str, seed: int) -> None:
    rng = random.Random(seed)
    genotype = SPACES[name].sample(rng)
    mutant = mutation(SPACES[name], genotype, rng)
    assert mutant != genotype
    assert SPACES[name].genotype(SPACES[name].choices(mutant)) == mutant


@anywhere
def test_a_child_lies_in_the_space_and_two_equal_parents_have_equal_children(name: str, seed: int) -> None:
    space, rng = SPACES[name], random.Random(seed)
    one, other = space.sample(rng), space.sample(rng)
    child = crossover(space, one, other, rng)
    assert space.genotype(space.choices(child)) == child
    assert crossover(space, one, one, rng) == one


@given(st.integers(0, 2**32))
def test_a_child_has_only_operators_of_its_parents(seed: int) -> None:
    rng = random.Random(seed)
    one, other = spaces["modern"].sample(rng), spaces["modern"].sample(rng)
    child = crossover(spaces["modern"], one, other, rng)
    # A strided skip connection, moved to where it is a copy, is named as every copy is.
    assert operators(child) - {"identity"} <= operators(one) | operators(other)


def operators(genotype: Genotype) -> set[str]:
    return {edge.operator for _, cell in genotype.cells for edge in cell.edges}


def test_a_space_of_one_genotype_has_no_mutant() -> None:
    space = CellSpace("one", ("none",), nodes=1, combines=("add",), wiring="dense", reduction="fixed")
    genotype = space.sample(random.Random(0))
    assert mutation(space, genotype, random.Random(0)) == genotype
