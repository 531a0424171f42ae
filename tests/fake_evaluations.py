"""Evaluations that need no training, nor anything that takes long to load: a process for them is soon there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workers.messages import (
    Evaluated,
    EvaluationReport,
    EvaluationRequest,
    Failed,
    FailureClass,
    LatencyMeasurement,
)

Evaluate = Callable[[EvaluationRequest], Iterator[EvaluationReport]]


def evaluate(request: EvaluationRequest) -> Iterator[EvaluationReport]:
    """Results that are a function of the cell and the fidelity alone, like a table of past trainings."""
    value = int(request.genotype.key[:8], 16) / 0xFFFFFFFF
    latency = LatencyMeasurement(request.device, 1, 1, (1 + 3 * value,) * 9, (1.0,) * 9)
    for fidelity in request.fidelities:
        accuracy = (0.3 + 0.7 * value) * fidelity / (fidelity + 1)
        weights = {"training": b"t", "inference": b"i"} if fidelity == request.recipe.epochs else {}
        yield Evaluated(fidelity, accuracy, latency, params=int(1e5 * value), macs=1000, seconds=0.1, weights=weights)


def gated(evaluate: Evaluate = evaluate) -> Evaluate:
    """The fake evaluation, which trains nothing that is surely slower than it may be, as a worker does."""

    def evaluate_or_turn_down(request: EvaluationRequest) -> Iterator[EvaluationReport]:
        for report in evaluate(request):
            limit_ms = request.latency_limit_ms
            if isinstance(report, Evaluated) and limit_ms and report.latency.surely_exceeds(limit_ms):
                report = Failed(report.fidelity, FailureClass.INFEASIBLE, "too slow", "", 0.01, report.latency)
            yield report

    return evaluate_or_turn_down


def failing(every: int, evaluate: Evaluate = evaluate) -> Evaluate:
    """The fake evaluation, where one cell in `every` diverges."""

    def evaluate_or_fail(request: EvaluationRequest) -> Iterator[EvaluationReport]:
        if int(request.genotype.key[:8], 16) % every == 0:
            yield Failed(request.fidelities[0], FailureClass.DIVERGED, "The loss is NaN.", "Traceback ...")
        else:
            yield from evaluate(request)

    return evaluate_or_fail
