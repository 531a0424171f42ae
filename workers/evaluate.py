"""One evaluation: an architecture trained and measured on one machine."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from search_space.cost import cost
from search_space.memory import peak_memory_bytes
from search_space.merge import merge
from search_space.modules import initialisation
from search_space.network import Architecture
from search_space.skeleton import FROM_IMAGES
from workers.data.labelled import LabelledData
from workers.data.splits import SearchData
from workers.failures import Constant, failure_class
from workers.latency import Gauge, shared_reference
from workers.messages import (
    Evaluated,
    EvaluationReport,
    EvaluationRequest,
    Failed,
    FailureClass,
)
from workers.train import Training, at_once, labelled, share_correct, tensors

BEGINNING_IMAGES = 256
"""What initialisations that go by images are shown of the training images at most, drawn at random."""

FEWEST_BLOCKS, MOST_BLOCKS = 4, 8
"""Blocks of passes behind a latency that decides something; and those after which epochs go on without. A block takes
0.1 s, of a network that is slower than 5 ms it takes longer."""


def evaluate(
    request: EvaluationRequest, data: SearchData, clock: Callable[[], float] = time.perf_counter
) -> Iterator[EvaluationReport]:
    """Reports once at each fidelity of `request`, in turn; the caller may stop asking after any of them.

    What goes wrong is reported as Failed, which is then the last report. `seconds` is the time spent on this
    fidelity, between asking and answer. At the recipe's full epochs, accuracy is that of the merged network,
    the report has the weights of both forms, and a network that knows but one label has failed. One that is surely
    slower than the request allows is INFEASIBLE, with the latency that was measured, and not trained. Sets the number
    of threads of this process.
    """
    fidelity, started = request.fidelities[0], clock()
    try:
        torch.set_num_threads(request.threads)
        architecture = Architecture(request.genotype, request.skeleton)
        network = _fresh(architecture, request.seed, data)
        costs, memory_bytes = cost(architecture), peak_memory_bytes(architecture)
        gauge = _gauge(network, request)
        gauge.measure_up_to(1)
        if request.latency_limit_ms is not None and _surely_slower(gauge, request.latency_limit_ms):
            told = f"{gauge.latency.median_ms:.3g} ms, where the limit is {request.latency_limit_ms:g} ms"
            yield Failed(fidelity, FailureClass.INFEASIBLE, told, "", clock() - started, gauge.latency)
            return
        training = Training(network, data, request.recipe, request.seed)
        for fidelity in request.fidelities:
            torch.set_num_threads(request.threads)
            training.run_to(fidelity, lambda: gauge.measure_up_to(min(gauge.blocks + 1, MOST_BLOCKS)))
            weights: dict[str, bytes] = {}
            scored = network
            if fidelity == request.recipe.epochs:
                scored = merge(network)
                weights = {"training": _safetensors(network), "inference": _safetensors(scored)}
            labels_N = labelled(scored, data.validation)
            if fidelity == request.recipe.epochs:
                _refuse_constant(labels_N, data.validation)
                gauge.measure_up_to(FEWEST_BLOCKS)
            yield Evaluated(
                fidelity=fidelity,
                accuracy=share_correct(labels_N, data.validation),
                latency=gauge.latency,
                params=costs.params,
                macs=costs.macs,
                seconds=clock() - started,
                weights=weights,
                peak_memory_bytes=memory_bytes,
                images=len(data.validation),
            )
            started = clock()
    except Exception as error:  # noqa: BLE001 - what goes wrong here is a result
        yield Failed(
            fidelity=fidelity,
            failure=failure_class(error),
            message=f"{type(error).__name__}: {error}",
            traceback=traceback.format_exc(),
            seconds=clock() - started,
        )


def _fresh(architecture: Architecture, seed: int, data: SearchData) -> nn.Module:
    """The network with weights drawn from `seed`, whatever this process has drawn before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = architecture.build()
        if architecture.skeleton.initialisation in FROM_IMAGES:
            show = getattr(initialisation, FROM_IMAGES[architecture.skeleton.initialisation])
            images_NCHW, _ = tensors(data.train)
            shown = min(BEGINNING_IMAGES, at_once(images_NCHW))
            show(images_NCHW[torch.randperm(len(images_NCHW))[:shown]], network)
        return network


def _gauge(network: nn.Module, request: EvaluationRequest) -> Gauge:
    """Of the merged network, whose latency does not depend on the weights, so that it need not be trained for it."""
    skeleton = request.skeleton
    reference = shared_reference(skeleton.input_shape, skeleton.classes, request.threads)
    if request.reference_ms is not None:
        reference.fastest_ms = min(reference.fastest_ms, request.reference_ms)
    return Gauge(
        merge(network),
        reference,
        skeleton.input_shape,
        device=request.device,
        threads=request.threads,
    )


def _surely_slower(gauge: Gauge, limit_ms: float) -> bool:
    """Whether the passes up to now say so, and FEWEST_BLOCKS of them together as well."""
    if gauge.latency.surely_exceeds(limit_ms):
        gauge.measure_up_to(FEWEST_BLOCKS)
    return gauge.latency.surely_exceeds(limit_ms)


def _refuse_constant(labels_N: Tensor, data: LabelledData) -> None:
    """Nobody wants such a network, however fast; early in training it may still learn, and is scored."""
    if len(np.unique(data.labels_N)) > 1 and bool((labels_N == labels_N[0]).all()):
        share = share_correct(labels_N, data)
        raise Constant(f"It gives all {len(labels_N)} validation images label {labels_N[0]}, right for {share:.1%}.")


def _safetensors(network: nn.Module) -> bytes:
    # The turns of a recursion share their weights, which the format does not know of.
    return save({name: tensor.contiguous().clone() for name, tensor in network.state_dict().items()})
