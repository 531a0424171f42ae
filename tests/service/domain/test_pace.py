"""How fast networks are trained, told from trainings."""

from __future__ import annotations

import random

import pytest

from service.domain.pace import Pace, Timed, timed
from service.domain.trial import Evaluation, Trial, TrialState
from tests.builders import evaluated, failed, proposal


def taken(macs: int, epochs: int, first: bool, noise: float = 0.0) -> Timed:
    """A machine that takes 2 s a network, half a second an epoch, and a second for an epoch of 1M MACs."""
    spread = 1 + noise * (random.Random(macs).random() - 0.5)
    return Timed(macs, epochs, first, (2 * first + epochs * (0.5 + macs / 1e6)) * spread)


def test_a_machine_that_is_a_sum_of_prices_is_told_exactly() -> None:
    pace = Pace.fitted([taken(macs * 100_000, 2 if macs % 2 else 4, bool(macs % 2)) for macs in range(1, 20)])
    assert pace is not None
    assert pace.seconds(3e6, 6, first=True) == pytest.approx(2 + 6 * 3.5)
    assert pace.reports == 19


def test_where_nothing_climbed_all_is_put_down_to_the_epochs() -> None:
    pace = Pace.fitted([taken(macs * 100_000, 2, True) for macs in range(1, 20)])
    assert pace is not None
    assert pace.per_network == 0
    assert pace.seconds(1e6, 2, first=True) == pytest.approx(2 + 2 * 1.5)


def test_few_reports_tell_nothing() -> None:
    assert Pace.fitted([taken(100_000, 2, True)] * 4) is None


def test_what_came_from_another_job_has_taken_nothing_and_a_training_after_it_began_anew() -> None:
    own, reused = Evaluation(evaluated(2, seconds=1.0)), Evaluation(evaluated(2, seconds=9.0), reused_from=1)
    full = Evaluation(evaluated(6, seconds=3.0))
    trials = [
        Trial(proposal(0), TrialState.DONE, (own, full)),
        Trial(proposal(1), TrialState.DONE, (reused, full)),
        Trial(proposal(2), TrialState.FAILED, (own, Evaluation(failed(6)))),
    ]
    assert [(each.epochs, each.first, each.seconds) for each in timed(trials)] == [
        (2, True, 1.0),
        (4, False, 3.0),
        (6, True, 3.0),
        (2, True, 1.0),
    ]
