"""Jobs on signals and on volumes: a few real ones go the whole way of an evaluation, and out again as a file."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load as read

from api.schemas.job_create import JobCreate
from search_space.export import to_python
from search_space.network import Architecture
from service.domain.errors import Invalid
from workers.data.catalogue import DATASETS
from workers.data.load import load
from workers.data.splits import SearchData, split
from workers.evaluate import evaluate
from workers.messages import Evaluated, EvaluationRequest, FailureClass, Recipe

SETS = ["heart_sounds", "eeg_eye_state", "adrenalmnist3d"]


def few(name: str) -> SearchData:
    """Eight real items to train on and eight to score on, of at least two classes."""
    if absence := DATASETS[name].absence():
        pytest.skip(absence)
    parts = split(load(name), 0)
    drawn = [np.random.default_rng(0).permutation(len(part))[:8] for part in (parts.train, parts.validation)]
    return SearchData(parts.train.part(drawn[0]), parts.validation.part(drawn[1]))


@pytest.mark.parametrize(
    ("name", "initialisation"),
    [("heart_sounds", "he"), ("heart_sounds", "lsuv"), ("eeg_eye_state", "he"), ("adrenalmnist3d", "lsuv")],
)
def test_a_job_on_them_is_trained_measured_and_taken_away_as_a_file(name: str, initialisation: str) -> None:
    data = few(name)
    asked: dict[str, Any] = {"channels": 4, "stages": 2, "initialisation": initialisation}
    spec = JobCreate.model_validate({"dataset": name, "skeleton": asked}).to_spec()
    genotype = spec.space.sample(Random(0))
    request = EvaluationRequest(
        genotype=genotype, skeleton=spec.skeleton, dataset=name, recipe=Recipe(epochs=2), seed=0, fidelities=(1, 2)
    )
    reports = list(evaluate(request, data))
    # The last one may have learned nothing from eight items, which is an answer too.
    first, last = reports
    assert isinstance(first, Evaluated), first
    assert first.latency.median_ms > 0
    assert isinstance(last, Evaluated) or last.failure is FailureClass.CONSTANT, last
    if isinstance(last, Evaluated):
        exported: dict[str, Any] = {"__name__": "exported"}
        exec(to_python(Architecture(genotype, spec.skeleton), "inference"), exported)
        network = exported["build_model"]()
        network.load_state_dict(read(last.weights["inference"]))
        found_N = network.eval()(torch.tensor(data.validation.images_NCHW)).argmax(1)
        assert (found_N.numpy() == data.validation.labels_N).mean() == pytest.approx(last.accuracy)


@pytest.mark.parametrize("name", SETS)
def test_a_space_is_searched_with_its_operators_for_such_maps(name: str) -> None:
    axes = len(DATASETS[name].input_shape) - 1
    spec = JobCreate.model_validate({"dataset": name}).to_spec()
    assert spec.skeleton.dims == axes
    assert "band_11" not in spec.space.operators
    assert "sep_conv_3x3" in spec.space.operators
    assert JobCreate.of(spec).to_spec() == spec


def test_an_operator_for_images_alone_is_refused_with_those_that_may_be_used() -> None:
    asked = {"dataset": "eeg_eye_state", "space": {"operators": ["sep_conv_3x3", "band_11"]}}
    with pytest.raises(Invalid, match=r"'band_11' is not for maps of 1 axes; use some of sep_conv_3x3"):
        JobCreate.model_validate(asked).to_spec()
