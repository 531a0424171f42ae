"""A limit that nothing can keep is refused with the range that can be reached."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice

import pytest

from search_space.cost import cost
from search_space.network import Architecture
from service.domain.errors import Invalid
from service.domain.job import JobSpec
from service.domain.objectives import Objective
from service.usecases.reach import refuse_out_of_reach, spread
from tests.builders import job_spec

PROFILE = {
    "processor": "x",
    "cores": 2,
    "threads": 1,
    "precision": "float32",
    "torch": "2.13",
    "ms_per_layer": 0.003,
    "macs_per_ms": 5e6,
}


def wants(metric: str, limit: float | None) -> JobSpec:
    return job_spec(objectives=(Objective("accuracy"), Objective(metric, limit=limit)))


@pytest.mark.parametrize(
    ("metric", "limit", "what", "advice"),
    [
        ("params", 10, "cells reach from", "of 14682 or more"),
        ("macs", 999, "cells reach from", "of .* or more"),
        # no network is as fast as the device could be
        ("latency_ms", 0.001, "at the very least cells take", "well above"),
        ("peak_memory_mb", 0.01, "cells reach from", "of 0.0956 or more"),
    ],
)
def test_a_limit_below_every_cell_is_refused_with_the_range(metric: str, limit: float, what: str, advice: str) -> None:
    told = rf"{metric} of {limit} or less; {what} .* to .*: give a limit {advice}"
    with pytest.raises(Invalid, match=told) as refusal:
        refuse_out_of_reach(wants(metric, limit), {"local": PROFILE})
    assert refusal.value.field == "objectives.1.limit"
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("metric", "limit"), [("params", 1e6), ("macs", 1e9), ("latency_ms", 50.0), ("peak_memory_mb", 9.0)]
)
def test_a_limit_that_some_cell_keeps_passes(metric: str, limit: float) -> None:
    refuse_out_of_reach(wants(metric, limit), {"local": PROFILE})


def test_no_limit_is_never_out_of_reach() -> None:
    refuse_out_of_reach(wants("params", None), {})


def test_of_a_device_that_nothing_is_known_of_yet_only_what_no_processor_could_keep_is_refused() -> None:
    with pytest.raises(Invalid, match="at the very least"):
        refuse_out_of_reach(wants("latency_ms", 0.001), {})
    refuse_out_of_reach(wants("latency_ms", 0.1), {})


def test_a_latency_that_measured_networks_predict_no_cell_to_keep_is_refused() -> None:
    spec = wants("latency_ms", None)
    measured = [(each, cost(each).bytes_moved / 1e5) for each in islice(spread(spec.space, spec.skeleton), 20)]
    fastest = min(cost(each).bytes_moved / 1e5 for each in spread(spec.space, spec.skeleton))
    refuse_out_of_reach(wants("latency_ms", fastest), {}, measured)
    with pytest.raises(Invalid, match="as 20 measured networks predict it: give a limit well above"):
        refuse_out_of_reach(wants("latency_ms", fastest / 100), {}, measured)
    wider = [(replace(each, skeleton=replace(each.skeleton, channels=32)), ms) for each, ms in measured]
    refuse_out_of_reach(wants("latency_ms", fastest / 100), {}, wider)


def test_an_accuracy_above_one_is_refused() -> None:
    with pytest.raises(Invalid, match="from 0 to 1"):
        refuse_out_of_reach(job_spec(objectives=(Objective("accuracy", limit=95.0),)), {})


def test_a_limit_that_the_smallest_of_many_cells_just_keeps_passes() -> None:
    spec = wants("params", None)
    rng = random.Random(1)
    cells = (spec.space.sample(rng) for _ in range(3000))
    smallest = min(cost(Architecture(cell, spec.skeleton)).params for cell in cells)
    refuse_out_of_reach(wants("params", smallest), {})
