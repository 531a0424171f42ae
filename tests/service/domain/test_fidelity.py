"""The ladder of fidelities, and who climbs it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.fidelity import Standings, ladder
from service.domain.job import EarlyStopping
from service.domain.objectives import Objective
from workers.messages import Evaluated, LatencyMeasurement

OBJECTIVES = (Objective("accuracy"), Objective("latency_ms"))


def result(accuracy: float, latency_ms: float) -> Evaluated:
    return Evaluated(2, accuracy, LatencyMeasurement("local", 1, 1, (latency_ms,), (1.0,)), 1, 1, 0.1)


def goes_on(own: Evaluated, peers: Sequence[Evaluated], objectives: tuple[Objective, ...], reduction: int) -> bool:
    standings = Standings(objectives)
    for number, peer in enumerate(peers):
        standings.add(number, peer)
    standings.add(len(peers), result(1.0, 0.01))  # a later trial, which must not matter
    return standings.among_the_best(own, len(peers), reduction)


results = st.builds(result, st.floats(0, 1), st.floats(0.1, 100))


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(1, (1,)), (2, (2,)), (3, (1, 3)), (6, (2, 6)), (9, (1, 3, 9)), (81, (9, 27, 81))]
)
def test_each_rung_is_a_third_of_the_next_and_there_are_at_most_three(epochs: int, rungs: tuple[int, ...]) -> None:
    assert ladder(epochs, EarlyStopping("halving", 3)) == rungs


def test_without_early_stopping_there_is_one_rung() -> None:
    assert ladder(81, EarlyStopping("none")) == (81,)


def test_the_first_of_its_kind_goes_on() -> None:
    assert goes_on(result(0.1, 9), [], OBJECTIVES, 3)


@given(st.lists(results, max_size=20), results)
def test_a_trial_that_no_other_beats_in_both_and_that_is_most_accurate_goes_on(
    peers: list[Evaluated], own: Evaluated
) -> None:
    if all(peer.accuracy < own.accuracy for peer in peers):
        assert goes_on(own, peers, OBJECTIVES, 3)


@given(st.lists(results, min_size=3, max_size=20), results)
def test_a_trial_that_most_others_beat_stops(peers: list[Evaluated], own: Evaluated) -> None:
    if all(p.accuracy > own.accuracy and p.latency.median_ms < own.latency.median_ms for p in peers):
        assert not goes_on(own, peers, OBJECTIVES, 3)


def test_keeping_the_limit_comes_before_accuracy() -> None:
    limited = (Objective("accuracy"), Objective("latency_ms", limit=5.0))
    peers = [result(0.99, 6.0), result(0.98, 7.0), result(0.97, 8.0)]
    assert goes_on(result(0.5, 4.0), peers, limited, 3)
    assert not goes_on(result(1.0, 9.0), [*peers, result(0.5, 4.0), result(0.5, 3.0)], limited, 3)
