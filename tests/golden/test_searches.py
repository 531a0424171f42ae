"""Searches that must stay what they are: the cells that each sampler tries, in order.

`python -m tests.golden.test_searches` writes them anew, for a change that is meant to change them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from service.dispatch.inline import InlineDispatcher
from service.domain.job import Budget
from service.domain.samplers import SAMPLERS
from service.store.memory import MemoryUnitOfWork
from tests.fake_evaluations import evaluate
from tests.fakes import a_search, a_spec

GOLDEN = Path(__file__).with_name("searches.json")
TRIALS = 40


def cells(sampler: str) -> list[str]:
    """The first digits of the keys of the cells of one search."""
    spec = a_spec(trials=TRIALS, sampler=sampler, seed=7)
    if sampler == "gp":  # takes seconds a proposal in a space of 50 decisions
        spec = replace(spec, budget=Budget(trials=16), space=spec.space.restricted(nodes=1))
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    return [trial.proposal.genotype.key[:8] for trial in search.trials]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_is_what_it_was(sampler: str) -> None:
    assert cells(sampler) == json.loads(GOLDEN.read_text())[sampler]


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({sampler: cells(sampler) for sampler in SAMPLERS}, indent=1) + "\n")
