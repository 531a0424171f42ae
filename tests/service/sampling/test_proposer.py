"""Proposers: functions of the recorded trials, whoever asks."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from search_space.presets import spaces
from search_space.space import CellSpace
from service.dispatch.inline import InlineDispatcher
from service.domain.job import Budget
from service.domain.objectives import Objective
from service.domain.samplers import SAMPLERS
from service.sampling.registry import MAKERS, proposer_for
from service.store.memory import MemoryUnitOfWork
from tests.fake_evaluations import evaluate
from tests.fakes import a_search, a_spec


def test_every_sampler_a_job_may_name_is_made_here() -> None:
    assert set(MAKERS) == set(SAMPLERS)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_rebuilt_proposer_proposes_what_the_first_one_did(sampler: str) -> None:
    trials, spec = 80, a_spec(trials=80, sampler=sampler, lag=5)
    if sampler == "gp":  # takes seconds a proposal in a space of 50 decisions
        trials, spec = 16, replace(spec, budget=Budget(trials=16), space=spec.space.restricted(nodes=1))
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    for number in (trials // 8, trials // 2, trials - 1):
        lagging = max(0, number - spec.sampler.lag + 1)
        pending = [trial.proposal for trial in search.trials[lagging:number]]
        again = proposer_for(spec).propose(number, 0, search.trials[:lagging], pending)
        assert again.choices == search.trials[number].proposal.choices
        assert again.attributes == search.trials[number].proposal.attributes


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "gp"])
@pytest.mark.parametrize("space", spaces.values(), ids=lambda space: space.name)
def test_every_space_is_searched_by_every_sampler(space: CellSpace, sampler: str) -> None:
    space = space.restricted(nodes=2)
    spec = replace(a_spec(trials=32, sampler=sampler, lag=2), space=space)
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    assert [trial.number for trial in search.trials] == list(range(32))
    assert all(trial.ended and space.choices(trial.proposal.genotype) for trial in search.trials)


def test_the_default_sampler_draws_no_dense_cell_twice_so_that_chance_replaces_none_under_a_limit() -> None:
    objectives = Objective("accuracy"), Objective("latency_ms"), Objective("params", limit=112_000)  # one in four
    spec = replace(a_spec(trials=60, sampler="default", stopping="none"), space=spaces["nb201"], objectives=objectives)
    search = a_search(spec, MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    assert not any(trial.rejected for trial in search.trials)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_and_another_attempt_propose_something_else(sampler: str) -> None:
    one = proposer_for(a_spec(seed=1, sampler=sampler)).propose(0, 0, [])
    other_seed = proposer_for(a_spec(seed=2, sampler=sampler)).propose(0, 0, [])
    other_attempt = proposer_for(a_spec(seed=1, sampler=sampler)).propose(0, 1, [])
    assert len({one.genotype.key, other_seed.genotype.key, other_attempt.genotype.key}) == 3


def test_gp_models_every_decision_with_several_answers_and_warns_of_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("optuna"), "propagate", True)
    space = spaces["tiny"].restricted(nodes=1)
    search = a_search(replace(a_spec(trials=12, sampler="gp", lag=1, stopping="none"), space=space), MemoryUnitOfWork())
    InlineDispatcher(evaluate).run(search)
    assert caplog.messages == []
    (modelled,) = search.trials[-1].proposal.attributes.values()
    several = {decision.name for decision in space.decisions if len(decision.choices) > 1}
    assert json.loads(modelled).keys() == several < {decision.name for decision in space.decisions}


def test_nsga2_finds_better_cells_than_chance_does() -> None:
    def best_quarter(sampler: str, seed: int) -> float:
        search = a_search(a_spec(trials=160, seed=seed, sampler=sampler, stopping="none"), MemoryUnitOfWork())
        InlineDispatcher(evaluate_by_operators).run(search)
        late = search.trials[-40:]
        return sum(trial.full_result.accuracy for trial in late if trial.full_result) / len(late)

    assert all(best_quarter("nsga2", seed) > best_quarter("random", seed) for seed in range(3))


def evaluate_by_operators(request):  # type: ignore[no-untyped-def]
    """The more separable convolutions, the more accurate; the fewer edges, the faster."""
    from workers.messages import Evaluated, LatencyMeasurement

    edges = [edge for cell in (request.genotype.normal, request.genotype.reduction) for edge in cell.edges]
    share = sum(edge.operator.startswith("sep") for edge in edges) / len(edges)
    latency = LatencyMeasurement("local", 1, 1, (1.0 + share,), (1.0,))
    yield Evaluated(request.fidelities[-1], share, latency, 1, 1, 0.1)
