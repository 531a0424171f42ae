"""A search under a hard limit, whose evaluations are looked up: larger networks are better and slower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import quantiles

from search_space.cost import cost
from search_space.memory import peak_memory_bytes
from search_space.network import Architecture
from service.domain.job import JobSpec
from service.domain.objectives import Objective
from service.usecases.reach import spread
from tests.fake_evaluations import gated
from tests.fakes import a_spec
from workers.messages import Evaluated, EvaluationReport, EvaluationRequest, LatencyMeasurement


def latency_ms(architecture: Architecture) -> float:
    """A device whose time is what is moved, so that a search can learn what is slow."""
    return cost(architecture).bytes_moved / 1e5


class Table:
    """Evaluations that are looked up. `trained` are those that were, and not turned down as a worker does."""

    def __init__(self) -> None:
        self.trained: list[EvaluationRequest] = []

    def __call__(self, request: EvaluationRequest) -> Iterator[EvaluationReport]:
        for report in gated(self._results)(request):
            if isinstance(report, Evaluated):
                self.trained.append(request)
            yield report

    def _results(self, request: EvaluationRequest) -> Iterator[EvaluationReport]:
        architecture = Architecture(request.genotype, request.skeleton)
        own = cost(architecture)
        latency = LatencyMeasurement(request.device, 1, 1, (latency_ms(architecture),) * 9, (1.0,) * 9)
        weights = {"training": b"t", "inference": b"i"}
        for fidelity in request.fidelities:
            accuracy = fidelity / (fidelity + 1) * own.macs / (own.macs + 1e5)
            memory = peak_memory_bytes(architecture)
            yield Evaluated(fidelity, accuracy, latency, own.params, own.macs, 0.1, weights, memory)


def limited(trials: int, sampler: str, stopping: str = "none") -> JobSpec:
    """A search for which three in four random cells are too slow."""
    spec = a_spec(trials=trials, sampler=sampler, stopping=stopping)
    limit = quantiles([latency_ms(each) for each in spread(spec.space, spec.skeleton)], n=4)[0]
    return replace(spec, objectives=(Objective("accuracy"), Objective("latency_ms", limit=limit)))
