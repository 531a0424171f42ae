"""A specification survives JSON exactly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from service.domain.job import Budget, EarlyStopping, JobSpec, Resources, Sampler
from service.domain.objectives import METRICS, Objective
from service.domain.samplers import SAMPLERS
from service.domain.spec_data import spec_from_data, spec_to_data
from tests.builders import job_spec
from workers.messages import Recipe

limits = st.none() | st.floats(min_value=1e-6, max_value=1e12)
spaces = st.builds(
    CellSpace,
    name=st.text(),
    operators=st.lists(st.sampled_from(sorted(set(OPERATORS) - {"none"})), min_size=1, max_size=5, unique=True),
    nodes=st.integers(1, 7),
    combines=st.sampled_from([("add",), ("concat",), ("add", "concat")]),
)
skeletons = st.builds(
    Skeleton,
    input_shape=st.tuples(st.integers(1, 4), st.integers(8, 64), st.integers(8, 64)),
    classes=st.integers(2, 100),
    channels=st.integers(8, 64),
    cells_per_stage=st.integers(1, 4),
    stages=st.integers(1, 3),
    stem=st.sampled_from(["tiny", "cifar"]),
)
objectives = st.lists(
    st.builds(Objective, metric=st.sampled_from(sorted(set(METRICS) - {"latency_ms"})), limit=limits)
    | st.builds(Objective, metric=st.just("latency_ms"), device=st.none() | st.text(), limit=limits),
    min_size=1,
    unique_by=lambda objective: objective.metric,
)
specs = st.builds(
    JobSpec,
    dataset=st.text(),
    name=st.text(),
    space=spaces,
    skeleton=skeletons,
    recipe=st.builds(Recipe, epochs=st.integers(1, 600), learning_rate=st.floats(1e-6, 10)),
    objectives=objectives.map(tuple),
    sampler=st.builds(Sampler, name=st.sampled_from(sorted(SAMPLERS)), lag=st.integers(1, 64)),
    early_stopping=st.builds(EarlyStopping, name=st.sampled_from(["halving", "none"])),
    budget=st.builds(
        Budget,
        trials=st.integers(1, 100_000),
        seconds=st.floats(1, 1e6),
        evaluation_seconds=st.none() | st.floats(1, 1e6),
    ),
    resources=st.builds(Resources, workers=st.integers(1, 64), memory_mb=st.none() | st.integers(64, 10_000)),
    seed=st.integers(0, 2**31 - 1),
    priority=st.integers(-100, 100),
)


@given(specs)
def test_a_specification_survives_json(spec: JobSpec) -> None:
    assert spec_from_data(json.loads(json.dumps(spec_to_data(spec), allow_nan=False))) == spec


def test_a_specification_of_a_newer_version_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="version 2"):
        spec_from_data(spec_to_data(job_spec()) | {"version": 2})


def test_a_specification_written_before_there_were_deadlines_and_priorities_is_read() -> None:
    data = spec_to_data(job_spec())
    del data["budget"]["evaluation_seconds"], data["resources"]["memory_mb"], data["priority"]
    assert spec_from_data(data) == job_spec()
