"""What is told beside a front."""

from __future__ import annotations

from cellsmith.results import Front, Point
from cellsmith.tables import front_notes


def a_point(number: int, alike: list[int]) -> Point:
    return {
        "number": number,
        "key": "8462c98b37b5cd6d54e4",
        "accuracy": 0.97,
        "accuracy_interval": (0.95, 0.98),
        "latency_ms": 3.4,
        "latency_interval_ms": (3.1, 3.9),
        "params": 11_274,
        "macs": 224_000,
        "peak_memory_mb": None,
        "knee": False,
        "alike": alike,
    }


def notes(*points: Point) -> list[str]:
    return front_notes(
        Front(job=1, state="done", objectives=[], points=list(points), best=None, fastest_ms=None, hypervolume=None)
    )


def test_each_pair_that_cannot_be_told_apart_is_named_once_and_no_other() -> None:
    told = notes(a_point(21, [5]), a_point(5, [21, 15]), a_point(15, [5, 11]), a_point(11, [15]))
    assert told == [
        "Cannot be told apart, for their intervals overlap, in accuracy too: 21 from 5; 5 from 15; 15 from 11."
    ]


def test_one_that_resembles_several_names_them_together() -> None:
    told = notes(a_point(3, [1, 2]), a_point(1, [3, 2]), a_point(2, [3, 1]))
    assert told[0].endswith(": 3 from 1 and 2; 1 from 2.")


def test_points_that_can_be_told_apart_need_no_words() -> None:
    assert notes(a_point(1, []), a_point(2, [])) == []


def test_what_the_knee_is_holds_for_any_objectives() -> None:
    assert notes({**a_point(1, []), "knee": True}) == ["* the knee: the best compromise"]


def test_a_point_whose_interval_reaches_beyond_the_limit_does_not_surely_keep_it() -> None:
    limit = {"metric": "latency_ms", "maximise": False, "device": "local", "limit": 3.6}
    slow, fast = a_point(1, []), a_point(2, [])
    fast["latency_interval_ms"] = (3.3, 3.5)
    points = [slow, fast]
    told = front_notes(
        Front(job=1, state="done", objectives=[limit], points=points, best=None, fastest_ms=None, hypervolume=None)
    )
    assert told == [
        "Every cell keeps latency_ms \u2264 3.6 on local.",
        "Not surely, for their intervals reach beyond the limit on latency: 1.",
    ]
