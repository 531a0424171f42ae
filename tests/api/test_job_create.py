"""The job as JSON and the job as a value are the same job."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from api.schemas.job_create import JobCreate
from search_space.presets import spaces
from search_space.skeleton import skeletons
from service.domain.job import JobSpec

BODIES = st.fixed_dictionaries(
    {"dataset": st.sampled_from(["digits", "cifar10"])},
    optional={
        "name": st.sampled_from(["", "a name"]),
        "space": st.fixed_dictionaries(
            {},
            optional={
                "operators": st.sampled_from([["identity"], ["identity", "lk_dw_7x7"]]),
                "nodes": st.integers(1, 6),
            },
        ),
        "skeleton": st.fixed_dictionaries(
            {"channels": st.integers(4, 32), "cells_per_stage": st.integers(1, 3)},
            optional={
                "stem": st.sampled_from(["tiny", "cifar"]),
                "norm": st.sampled_from(["bn", "gn", "ln"]),
                "activation": st.sampled_from(["relu", "silu"]),
                "recursion": st.integers(1, 3),
                "initialisation": st.sampled_from(["he", "lsuv", "kmeans"]),
                "dropout": st.floats(0, 0.9),
                "drop_path": st.floats(0, 0.9),
            },
        ),
        "training": st.fixed_dictionaries({"epochs": st.integers(1, 50), "learning_rate": st.floats(1e-6, 1)}),
        "objectives": st.just([{"metric": "accuracy", "limit": 0.5}, {"metric": "macs"}]),
        "early_stopping": st.just({"name": "none"}),
        "budget": st.fixed_dictionaries(
            {"trials": st.integers(1, 1000), "seconds": st.floats(1, 1e6)},
            optional={"evaluation_seconds": st.none() | st.floats(1, 1e6)},
        ),
        "resources": st.fixed_dictionaries({"memory_mb": st.none() | st.integers(64, 100_000)}),
        "seed": st.integers(0, 2**31 - 1),
    },
)


@given(BODIES)
def test_a_specification_told_as_json_asks_for_the_same(body: dict[str, object]) -> None:
    spec = JobCreate.model_validate(body).to_spec()
    told = json.loads(JobCreate.of(spec).model_dump_json())
    assert JobCreate.model_validate(told).to_spec() == spec


def test_the_defaults_are_those_of_the_domain() -> None:
    skeleton = replace(skeletons["tiny"], stages=2)  # two are what 8x8 pixels leave room for
    assert JobCreate(dataset="digits").to_spec() == JobSpec("digits", spaces["nasnet"], skeleton)


def test_equal_jobs_have_equal_hashes_and_others_have_not() -> None:
    assert JobCreate(dataset="digits").hash == JobCreate(dataset="digits", seed=0).hash
    assert JobCreate(dataset="digits").hash != JobCreate(dataset="digits", seed=1).hash
