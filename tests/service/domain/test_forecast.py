"""The time left that a search tells of itself, against the time it then takes, on a clock of our own."""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from service.domain.ahead import Basis, Recorded, time_ahead
from service.domain.forecast import favour_of, seconds_to_come
from service.domain.job import Budget, JobSpec, Resources
from service.domain.pace import Pace, timed
from service.domain.tally import Tally
from service.domain.trial import Trial
from service.sampling.registry import proposer_for
from service.search import Assignment, Search
from service.store.memory import MemoryUnitOfWork
from tests.fakes import a_spec
from workers.messages import Evaluated, LatencyMeasurement, Recipe

FIXED_S, EPOCH_S, BETWEEN_S = 0.6, 0.5, 0.05


class Cell:
    """What trial `number` of `trials` costs and reaches: networks differ, and later ones are better."""

    def __init__(self, assignment: Assignment, trials: int) -> None:
        chance = random.Random(assignment.request.genotype.key)
        self.fidelities = assignment.request.fidelities
        self.number = assignment.number
        self._slowness = chance.lognormvariate(0, 0.25)
        self._quality = 0.3 + 0.5 * chance.random() + 0.1 * assignment.number / trials

    def seconds(self, rung: int) -> float:
        epochs = self.fidelities[rung] - (self.fidelities[rung - 1] if rung else 0)
        return epochs * EPOCH_S * self._slowness + (0 if rung else FIXED_S)

    def report(self, rung: int) -> Evaluated:
        fidelity = self.fidelities[rung]
        latency = LatencyMeasurement("local", 1, 1, (1 + self._slowness,) * 9, (1.0,) * 9)
        return Evaluated(fidelity, self._quality * fidelity / (fidelity + 1), latency, 1, 1, self.seconds(rung))


def forecast_error(spec: JobSpec, after: int, start_s: float = 7.0) -> float:
    """By which share of the whole time the end that was forecast after so many ended trials missed the real one."""
    ended, forecast, _ = searched(spec, after, start_s)
    assert forecast is not None
    return forecast / ended - 1


def searched(spec: JobSpec, after: int = 0, start_s: float = 7.0) -> tuple[float, float | None, Sequence[Trial]]:
    """When a search ended, the end that was forecast after so many ended trials, and all its trials.

    Its workers need `start_s` to start.
    """
    work = MemoryUnitOfWork()
    with work() as store:
        store.add_job(spec)
        claimed = store.claim_job("test", 60)
    assert claimed is not None
    now, forecast = 0.0, None
    search = Search(*claimed, proposer_for(spec), work, clock=lambda: now)
    now, free = start_s, spec.resources.workers
    under_way: list[tuple[float, int, int, Cell]] = []
    while True:
        while free and (assignment := search.next()):
            cell = Cell(assignment, spec.budget.trials)
            heapq.heappush(under_way, (now + BETWEEN_S + cell.seconds(0), cell.number, 0, cell))
            free -= 1
        if not under_way:
            break
        now, number, rung, cell = heapq.heappop(under_way)
        if search.report(number, cell.report(rung)):
            heapq.heappush(under_way, (now + cell.seconds(rung + 1), number, rung + 1, cell))
        else:
            free += 1
        if forecast is None and sum(trial.ended for trial in search.trials) == after:
            to_come = seconds_to_come(spec, Tally.of(spec, search.trials), now)
            assert to_come is not None
            forecast = now + to_come
    return now, forecast, search.trials


@pytest.mark.parametrize("epochs", [6, 18])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_before_a_search_begins_one_like_it_tells_how_long_it_will_take_within_a_quarter(
    workers: int, epochs: int
) -> None:
    errors = []
    for seed in range(4):
        spec = a_spec(trials=60, sampler="random", lag=8, seed=seed, seconds=1e6)
        spec = replace(spec, recipe=Recipe(epochs=epochs), resources=Resources(workers=workers))
        earlier = replace(spec, seed=seed + 100, budget=Budget(trials=40, seconds=1e6))
        _, _, trials = searched(earlier)
        pace = Pace.fitted(list(timed(trials)))
        assert pace is not None
        told = time_ahead(spec, 1.0, 1000, Recorded(Basis.RECORDED, pace, favour_of([Tally.of(earlier, trials)])), None)
        assert told.seconds is not None
        errors.append(told.seconds / searched(spec)[0] - 1)
    # How many trials climb differs from search to search: one seed in four may miss, none by much.
    assert sorted(map(abs, errors))[-2] < 0.25
    assert max(map(abs, errors)) < 0.4


@pytest.mark.parametrize("epochs", [6, 18])
@pytest.mark.parametrize(("workers", "start_s"), [(1, 15.0), (2, 15.0), (2, 3.0), (4, 7.0)])
def test_after_a_tenth_of_the_trials_the_end_is_known_within_a_quarter_however_fast_workers_start(
    epochs: int, workers: int, start_s: float
) -> None:
    errors = []
    for seed in range(6):
        spec = a_spec(trials=100, sampler="random", lag=8, seed=seed, seconds=1e6)
        spec = replace(spec, recipe=Recipe(epochs=epochs), resources=Resources(workers=workers))
        errors.append(forecast_error(spec, 10, start_s))
    # Ten trials differ by chance: one seed in six may miss, none by much.
    assert sorted(map(abs, errors))[-2] < 0.25
    assert max(map(abs, errors)) < 0.4


def test_where_every_trial_is_trained_fully_the_pace_is_the_forecast() -> None:
    spec = a_spec(trials=60, sampler="random", stopping="none", seconds=1e6)
    assert abs(forecast_error(spec, after=20)) < 0.1
