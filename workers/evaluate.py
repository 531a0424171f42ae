"""One evaluation: an architecture trained and measured on one machine."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator

import torch
from safetensors.torch import save
from torch import nn

from search_space.cost import cost
from search_space.merge import merge
from search_space.network import Architecture
from workers.data.splits import SearchData
from workers.failures import failure_class
from workers.latency import measure, reference_network
from workers.messages import Evaluated, EvaluationReport, EvaluationRequest, Failed, LatencyMeasurement
from workers.train import Training, accuracy


def evaluate(
    request: EvaluationRequest, data: SearchData, clock: Callable[[], float] = time.perf_counter
) -> Iterator[EvaluationReport]:
    """Reports once at each fidelity of `request`, in turn; the caller may stop asking after any of them.

    What goes wrong is reported as Failed, which is then the last report. `seconds` is the time spent on this
    fidelity, between asking and answer. At the recipe's full epochs, accuracy is that of the merged network,
    and the report has the weights of both forms. Sets the number of threads of this process.
    """
    fidelity, started = request.fidelities[0], clock()
    try:
        torch.set_num_threads(request.threads)
        architecture = Architecture(request.genotype, request.skeleton)
        network = _fresh(architecture, request.seed)
        costs = cost(architecture)
        latency = _latency(network, request)
        training = Training(network, data, request.recipe, request.seed)
        for fidelity in request.fidelities:
            torch.set_num_threads(request.threads)
            training.run_to(fidelity)
            weights: dict[str, bytes] = {}
            scored = network
            if fidelity == request.recipe.epochs:
                scored = _merged(network)
                weights = {"training": _safetensors(network), "inference": _safetensors(scored)}
            yield Evaluated(
                fidelity=fidelity,
                accuracy=accuracy(scored, data.validation),
                latency=latency,
                params=costs.params,
                macs=costs.macs,
                seconds=clock() - started,
                weights=weights,
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


def _fresh(architecture: Architecture, seed: int) -> nn.Module:
    """The network with weights drawn from `seed`, whatever this process has drawn before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return architecture.build()


def _merged(network: nn.Module) -> nn.Module:
    """The inference form in the memory layout that the exported file has. `network` stays as it is."""
    merged: nn.Module = merge(network).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return merged


def _latency(network: nn.Module, request: EvaluationRequest) -> LatencyMeasurement:
    """Does not depend on the weights, so it is measured before they are trained."""
    skeleton = request.skeleton
    return measure(
        _merged(network),
        reference_network(skeleton.input_shape, skeleton.classes),
        skeleton.input_shape,
        device=request.device,
        threads=request.threads,
    )


def _safetensors(network: nn.Module) -> bytes:
    return save({name: tensor.contiguous() for name, tensor in network.state_dict().items()})
