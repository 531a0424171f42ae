"""A search as a scheduler would have recorded it, written by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence

from search_space.presets import spaces
from service.domain.job import Job, JobState
from service.domain.trial import Evaluation, Proposal, TrialState
from service.ports import UnitOfWork
from workers.messages import Evaluated, EvaluationReport, Failed, FailureClass, LatencyMeasurement

FULL = 6
WEIGHTS = {"inference": b"inference weights", "training": b"training weights"}


def evaluated(accuracy: float, latency_ms: float, params: int = 12_000, fidelity: int = FULL) -> Evaluated:
    samples = tuple(latency_ms * (1 + offset / 100) for offset in range(-10, 11))
    latency = LatencyMeasurement("local", 1, 1, samples, tuple(1.0 for _ in samples))
    return Evaluated(fidelity, accuracy, latency, params, 10 * params, 2.5, WEIGHTS if fidelity == FULL else {})


FAILED = Failed(1, FailureClass.DIVERGED, "The loss is not a number.", "Traceback (most recent call last): ...")
SEARCH: Sequence[EvaluationReport] = (
    evaluated(0.90, 1.0),
    evaluated(0.80, 0.5, fidelity=2),
    FAILED,
    evaluated(0.96, 1.2, params=30_000),
    evaluated(0.97, 4.0, params=90_000),
    evaluated(0.89, 3.0),
)
FRONT = [0, 3, 4]


def record(
    work: UnitOfWork,
    reports: Sequence[EvaluationReport] = SEARCH,
    state: JobState = JobState.DONE,
    message: str = "",
) -> Job:
    """Claims the oldest waiting job, records one trial a report, and leaves the job in `state`."""
    generator = random.Random(0)
    space = spaces["nasnet"]
    with work() as store:
        claimed = store.claim_job("a test", 60)
        assert claimed is not None
        job, lease = claimed
        for number, report in enumerate(reports):
            genotype = space.sample(generator)
            store.add_trial(lease, Proposal(number, space.choices(genotype), genotype))
            store.add_evaluation(lease, number, Evaluation(report), _state(report, job.spec.recipe.epochs))
        store.beat(lease, 60, 12.0)
        return store.release(lease, state, 12.0, message)


def _state(report: EvaluationReport, full: int) -> TrialState:
    if isinstance(report, Failed):
        return TrialState.FAILED
    return TrialState.DONE if report.fidelity == full else TrialState.STOPPED
