"""Small real values for tests: a job's specification, genotypes, proposals, results, failures."""

from __future__ import annotations

from typing import Any

from search_space.genotype import Cell, Edge, Genotype
from search_space.presets import spaces
from search_space.skeleton import skeletons
from service.domain.job import JobSpec
from service.domain.trial import Evaluation, Proposal
from workers.messages import Evaluated, Failed, FailureClass, LatencyMeasurement

OPERATORS = ("identity", "max_pool_3x3", "sep_conv_3x3", "sep_conv_5x5", "lk_dw_7x7", "dil_sep_conv_3x3", "conv_1x1")


def job_spec(**changes: Any) -> JobSpec:
    """A small search on the digits."""
    fields: dict[str, Any] = {"dataset": "digits", "space": spaces["nasnet"], "skeleton": skeletons["tiny"]}
    return JobSpec(**fields | changes)


def genotype(number: int = 0) -> Genotype:
    """A genotype of its own for every number below 343."""
    first, second, third = (OPERATORS[number // 7**place % 7] for place in range(3))
    cell = Cell(edges=(Edge(0, 2, first), Edge(1, 2, second), Edge(2, 3, third)), outputs=(3,))
    return Genotype(normal=cell, reduction=cell)


def proposal(number: int = 0, **changes: Any) -> Proposal:
    """Proposal `number`, with a genotype of its own."""
    fields: dict[str, Any] = {"number": number, "choices": {"normal.2.left": number % 7}, "genotype": genotype(number)}
    return Proposal(**fields | changes)


def latency(milliseconds: float = 2.0, spread: float = 0.1) -> LatencyMeasurement:
    """Nine samples around `milliseconds`, which is their median, beside reference passes of 1 ms."""
    samples = tuple(milliseconds * (1 + spread * (index - 4) / 4) for index in range(9))
    return LatencyMeasurement("local", 1, 1, samples, (1.0,) * 9)


def evaluated(fidelity: int = 6, **changes: Any) -> Evaluated:
    """A result, at full fidelity of the default recipe where nothing else is said."""
    fields: dict[str, Any] = {
        "fidelity": fidelity,
        "accuracy": 0.1 + 0.2,
        "latency": latency(),
        "params": 12_345,
        "macs": 678_901,
        "seconds": 1.25,
        "images": 300,
    }
    return Evaluated(**fields | changes)


def failed(fidelity: int = 2, failure: FailureClass = FailureClass.DIVERGED) -> Failed:
    """A failure, which is data as well."""
    return Failed(fidelity, failure, "The loss is not a number.", "Traceback (most recent call last): ...", 0.5)


def evaluation(fidelity: int = 6, **changes: Any) -> Evaluation:
    """A result as it is recorded."""
    return Evaluation(evaluated(fidelity, **changes))
