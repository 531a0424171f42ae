"""Small changes to a genotype within its space: mutation, crossover."""

from __future__ import annotations

import random

from search_space.genotype import Genotype
from search_space.space import CellSpace

_ATTEMPTS = 100


def mutation(space: CellSpace, genotype: Genotype, rng: random.Random) -> Genotype:
    """Another genotype, of which one decision is answered otherwise (Real et al. 2018, arXiv 1802.01548).

    Where only that one answer gives the same genotype again, further decisions are changed with it. The same
    genotype comes back only from a space in which no change is found to matter. InvalidGenotype outside the space.
    """
    choices = space.choices(genotype)
    open_decisions = [decision for decision in space.decisions if len(decision.choices) > 1]
    for _ in range(_ATTEMPTS if open_decisions else 0):
        decision = rng.choice(open_decisions)
        others = [answer for answer in range(len(decision.choices)) if answer != choices[decision.name]]
        choices = choices | {decision.name: rng.choice(others)}
        mutant = space.genotype(choices)
        if mutant != genotype:
            return mutant
    return genotype


def crossover(space: CellSpace, one: Genotype, other: Genotype, rng: random.Random) -> Genotype:
    """A genotype that answers every decision as one of the two parents does; InvalidGenotype outside the space."""
    parents = space.choices(one), space.choices(other)
    return space.genotype({decision.name: rng.choice(parents)[decision.name] for decision in space.decisions})
