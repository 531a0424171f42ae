"""Counts of trials, and how likely trials climb."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from service.domain.chances import MOST_TOLD, chances
from service.domain.job import EarlyStopping, Sampler
from service.domain.tally import Course, Step, Tally
from service.domain.trial import TrialState
from tests.builders import job_spec
from workers.messages import FailureClass, Recipe

SPEC = job_spec(recipe=Recipe(epochs=18), sampler=Sampler(lag=4))
RUNGS = (2, 6, 18)


def courses(count: int, seed: int = 0) -> list[Course]:
    """Trials of every kind."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        steps = tuple(Step(rung, chance.random(), chance.random() < 0.2) for rung in RUNGS[: chance.randint(1, 3)])
        state = TrialState.DONE if len(steps) == 3 else TrialState.STOPPED
        made.append(Course(number, state, steps))
        if number % 5 == 0:
            made[-1] = Course(number, TrialState.FAILED, (Step(2, 0.1, False, FailureClass.INFEASIBLE),))
        if number % 7 == 3:
            made[-1] = Course(number, TrialState.PROPOSED, steps[:1])
    return made


def test_trials_may_be_counted_one_after_another() -> None:
    whole, parts = Tally().with_more(SPEC, courses(60)), Tally()
    for course in courses(60):
        parts = parts.with_more(SPEC, [course])
    assert replace(parts, expected=0, rungs={}) == replace(whole, expected=0, rungs={})
    assert parts.expected == pytest.approx(whole.expected)
    assert {rung: count for rung, (count, _) in parts.rungs.items()} == {
        rung: count for rung, (count, _) in whole.rungs.items()
    }
    assert parts.seconds == pytest.approx(whole.seconds)


def test_what_was_rejected_is_no_trial_of_the_budget_and_no_training() -> None:
    rejected = [course for course in courses(60) if course.rejected]
    tally = Tally().with_more(SPEC, rejected)
    assert (tally.rejected, tally.accepted, tally.seconds, tally.expected) == (len(rejected), 0, 0, 0)


def expected(costs: Sequence[float], favour: float, climbs: Sequence[float]) -> float:
    share, total = 1.0, costs[0]
    for cost, chance in zip(costs[1:], climbs, strict=True):
        share *= min(1.0, favour * chance)
        total += share * cost
    return total


@pytest.mark.parametrize(("start", "stop"), [(0, 50), (10, 10), (1990, 2010), (3000, 3005), (0, 5000)])
def test_what_trials_cost_is_what_each_costs(start: int, stop: int) -> None:
    table, costs = chances(SPEC), [1.0, 3.0, 9.0]
    each = [expected(costs, 1.2, table.of(place)) for place in range(start, stop)]
    assert table.expected(np.array(costs), 1.2, 0, range(start, stop)) == pytest.approx(sum(each))


def test_the_first_trials_climb_and_in_the_long_run_one_in_so_many_does() -> None:
    assert chances(SPEC).of(0) == [1.0, 1.0]
    assert chances(SPEC).of(10 * MOST_TOLD) == pytest.approx([1 / 3, 1 / 3], rel=0.01)
    assert chances(replace(SPEC, early_stopping=EarlyStopping("none"))).of(3) == []
