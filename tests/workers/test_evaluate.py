from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load

from search_space.cost import cost
from search_space.genotype import Cell, Edge, Genotype
from search_space.merge import merge
from search_space.network import Architecture
from search_space.presets import spaces
from search_space.skeleton import Skeleton
from workers.data.labelled import LabelledData
from workers.data.splits import SearchData
from workers.evaluate import evaluate
from workers.latency import shared_reference
from workers.messages import Evaluated, EvaluationReport, EvaluationRequest, Failed, FailureClass, Recipe
from workers.train import labelled, share_correct

TINY = Skeleton((1, 8, 8), classes=10, channels=8, stages=2)


def chain(operator: str) -> Genotype:
    cell = Cell((Edge(0, 2, operator), Edge(1, 2, operator)), (2,))
    return Genotype(cell, cell)


REQUEST = EvaluationRequest(
    genotype=chain("sep_conv_3x3"),
    skeleton=TINY,
    dataset="digits",
    recipe=Recipe(epochs=3),
    seed=0,
    fidelities=(1, 3),
)


@pytest.fixture(scope="module")
def reports(digits: SearchData) -> list[EvaluationReport]:
    return list(evaluate(REQUEST, digits))


def full(reports: list[EvaluationReport]) -> Evaluated:
    assert isinstance(reports[-1], Evaluated), reports[-1]
    return reports[-1]


def only(reports: Iterator[EvaluationReport]) -> Failed:
    (report,) = reports
    assert isinstance(report, Failed)
    return report


def test_each_fidelity_has_one_report(reports: list[EvaluationReport]) -> None:
    assert [report.fidelity for report in reports] == [1, 3]
    assert all(report.seconds > 0 for report in reports)


def test_latency_is_measured_all_along_and_costs_are_those_of_the_architecture(reports: list[EvaluationReport]) -> None:
    first, last = reports
    assert isinstance(first, Evaluated)
    assert isinstance(last, Evaluated)
    assert (len(first.latency.blocks), len(last.latency.blocks)) == (2, 4)  # before training, and after each epoch
    assert last.latency.samples_ms[: len(first.latency.samples_ms)] == first.latency.samples_ms
    expected = cost(Architecture(REQUEST.genotype, TINY))
    assert (last.params, last.macs) == (expected.params, expected.macs)


def test_a_latency_is_set_against_the_fastest_pass_of_the_reference_that_any_worker_has_seen(
    digits: SearchData,
) -> None:
    try:
        request = replace(REQUEST, recipe=Recipe(epochs=1), fidelities=(1,), reference_ms=1e-3)
        (report,) = evaluate(request, digits)
        assert isinstance(report, Evaluated)
        assert report.latency.median_ms == pytest.approx(1e-3 * report.latency.ratio)
    finally:
        shared_reference.cache_clear()


def test_only_the_full_fidelity_has_weights(reports: list[EvaluationReport], digits: SearchData) -> None:
    assert isinstance(reports[0], Evaluated)
    assert not reports[0].weights
    assert set(full(reports).weights) == {"training", "inference"}
    short = full(list(evaluate(replace(REQUEST, fidelities=(1,)), digits)))
    assert not short.weights


def test_both_forms_of_weights_score_what_was_reported(reports: list[EvaluationReport], digits: SearchData) -> None:
    network = Architecture(REQUEST.genotype, TINY).build()
    inference = merge(network)
    network.load_state_dict(load(full(reports).weights["training"]))
    inference.load_state_dict(load(full(reports).weights["inference"]))
    assert share_correct(labelled(inference, digits.validation), digits.validation) == full(reports).accuracy
    assert share_correct(labelled(network, digits.validation), digits.validation) == pytest.approx(
        full(reports).accuracy, abs=0.01
    )


def test_the_same_request_gives_the_same_bits(reports: list[EvaluationReport], digits: SearchData) -> None:
    list(evaluate(replace(REQUEST, genotype=chain("sep_conv_5x5"), seed=1, fidelities=(1,)), digits))
    torch.rand(5)
    again = full(list(evaluate(replace(REQUEST, fidelities=(3,)), digits)))
    assert again.weights == full(reports).weights
    assert again.accuracy == full(reports).accuracy


def test_a_caller_may_stop_early_and_another_evaluation_is_untouched(
    reports: list[EvaluationReport], digits: SearchData
) -> None:
    left = evaluate(REQUEST, digits)
    next(left)
    going_on = evaluate(REQUEST, digits)
    next(going_on)
    del left
    assert full(list(going_on)).weights == full(reports).weights


def test_any_cell_of_the_space_is_evaluated(digits: SearchData) -> None:
    genotype = spaces["nasnet"].sample(random.Random(3))
    request = replace(REQUEST, genotype=genotype, fidelities=(1,))
    assert full(list(evaluate(request, digits))).accuracy > 0.2


def test_a_network_that_is_surely_too_slow_is_measured_and_not_trained(digits: SearchData) -> None:
    failed = only(evaluate(replace(REQUEST, latency_limit_ms=1e-4), digits))
    assert (failed.failure, failed.fidelity) == (FailureClass.INFEASIBLE, 1)
    assert failed.latency is not None
    assert failed.latency.median_ms > 1e-4
    assert failed.message.endswith("where the limit is 0.0001 ms")
    assert len(list(evaluate(replace(REQUEST, latency_limit_ms=1e6, fidelities=(1,)), digits))) == 1


def test_a_limit_is_no_part_of_what_a_result_stands_for() -> None:
    assert replace(REQUEST, latency_limit_ms=3.0).key == REQUEST.key


def test_a_loss_that_is_no_number_is_a_result(digits: SearchData) -> None:
    images_NCHW = np.full_like(digits.train.images_NCHW, np.nan)
    broken = replace(digits, train=LabelledData(images_NCHW, digits.train.labels_N))
    failed = only(evaluate(REQUEST, broken))
    assert failed.failure is FailureClass.DIVERGED
    assert failed.fidelity == 1
    assert "Diverged" in failed.traceback


def test_images_that_do_not_fit_the_network_are_a_matter_of_shape(digits: SearchData) -> None:
    request = replace(REQUEST, skeleton=replace(TINY, input_shape=(3, 8, 8)))
    failed = only(evaluate(request, digits))
    assert failed.failure is FailureClass.SHAPE
    assert "channels" in failed.message


def test_an_operator_that_there_is_not_is_an_error_with_its_traceback(digits: SearchData) -> None:
    failed = only(evaluate(replace(REQUEST, genotype=chain("warp_drive")), digits))
    assert failed.failure is FailureClass.ERROR
    assert "warp_drive" in failed.message
    assert "Traceback" in failed.traceback


@pytest.fixture
def blank(digits: SearchData) -> SearchData:
    """Images on which no network can tell one label from another."""
    parts = (digits.train, digits.validation)
    return SearchData(*[LabelledData(np.zeros_like(part.images_NCHW), part.labels_N) for part in parts])


def test_a_network_that_always_says_the_same_early_in_training_is_scored(blank: SearchData) -> None:
    assert full(list(evaluate(replace(REQUEST, fidelities=(1,)), blank))).accuracy < 0.2


def test_a_trained_network_that_always_says_the_same_has_failed_and_its_score_is_told(blank: SearchData) -> None:
    early, failed = evaluate(REQUEST, blank)
    assert isinstance(early, Evaluated)
    assert isinstance(failed, Failed)
    assert (failed.failure, failed.fidelity) == (FailureClass.CONSTANT, 3)
    assert f"all {len(blank.validation.labels_N)} validation images label" in failed.message
    assert f"right for {early.accuracy:.1%}" in failed.message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_answer_that_is_no_number_is_a_result(digits: SearchData, value: float) -> None:
    images_NCHW = np.full_like(digits.validation.images_NCHW, value)
    broken = replace(digits, validation=LabelledData(images_NCHW, digits.validation.labels_N))
    failed = only(evaluate(REQUEST, broken))
    assert failed.failure is FailureClass.DIVERGED
    assert "NaN or infinity to validation images" in failed.message


def test_training_sets_the_threads_of_its_request(digits: SearchData) -> None:
    next(evaluate(replace(REQUEST, threads=2, fidelities=(1,)), digits))
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("initialisation", ["lsuv", "kmeans"])
def test_what_begins_from_images_is_evaluated_to_the_same_bits_again(digits: SearchData, initialisation: str) -> None:
    skeleton = replace(TINY, initialisation=initialisation, recursion=2)  # type: ignore[arg-type]
    request = replace(REQUEST, skeleton=skeleton, recipe=Recipe(epochs=1), fidelities=(1,))
    one, again = (full(list(evaluate(request, digits))) for _ in range(2))
    assert one.weights["training"] == again.weights["training"]
    assert one.params == cost(Architecture(request.genotype, skeleton)).params
