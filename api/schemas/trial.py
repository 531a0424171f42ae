"""Trials, and their evaluations."""

from __future__ import annotations

from typing import Self

from api.schemas.base import Told
from service.domain.trial import Evaluation, Trial, TrialState
from workers.messages import Evaluated, Failed, FailureClass, LatencyMeasurement


class FailureRead(Told):
    """Why a trial has no result."""

    kind: FailureClass
    fidelity: int
    message: str

    @classmethod
    def of(cls, failed: Failed) -> Self:
        """A recorded failure, without its traceback."""
        return cls(kind=failed.failure, fidelity=failed.fidelity, message=failed.message)


class LatencyRead(Told):
    """Times of single forward passes in milliseconds. `interval_ms` holds with 95 % what a repeat finds.

    `ratio` is the median over passes of a plain reference network, interleaved one by one.
    """

    device: str
    batch: int
    threads: int
    passes: int
    median_ms: float
    interval_ms: tuple[float, float]
    ratio: float

    @classmethod
    def of(cls, latency: LatencyMeasurement) -> Self:
        """A measurement without its single samples."""
        return cls(
            device=latency.device,
            batch=latency.batch,
            threads=latency.threads,
            passes=len(latency.samples_ms),
            median_ms=latency.median_ms,
            interval_ms=latency.interval_ms,
            ratio=latency.ratio,
        )


class ResultRead(Told):
    """What an evaluation found. `fidelity` counts epochs; `accuracy` is a share of the validation images.

    `peak_memory_mb` follows from the description: weights and maps of one image; null in what was recorded before.
    """

    fidelity: int
    accuracy: float
    latency: LatencyRead
    params: int
    macs: int
    peak_memory_mb: float | None
    seconds: float

    @classmethod
    def of(cls, result: Evaluated) -> Self:
        """A recorded result, without its weights."""
        return cls(
            fidelity=result.fidelity,
            accuracy=result.accuracy,
            latency=LatencyRead.of(result.latency),
            params=result.params,
            macs=result.macs,
            peak_memory_mb=result.peak_memory_mb,
            seconds=result.seconds,
        )


class FailureInFull(FailureRead):
    """A failure with the traceback of the worker, and the seconds it took.

    `latency` is what a network that is too slow for the job's limit was measured at, before it would have been trained.
    """

    traceback: str
    seconds: float
    latency: LatencyRead | None

    @classmethod
    def of(cls, failed: Failed) -> Self:
        """All that is recorded of a failure."""
        return cls(
            kind=failed.failure,
            fidelity=failed.fidelity,
            message=failed.message,
            traceback=failed.traceback,
            seconds=failed.seconds,
            latency=LatencyRead.of(failed.latency) if failed.latency else None,
        )


class EvaluationRead(Told):
    """One evaluation, with either a result or a failure; `reused_from` is the evaluation whose result it took over."""

    result: ResultRead | None
    failure: FailureInFull | None
    reused_from: int | None

    @classmethod
    def of(cls, evaluation: Evaluation) -> Self:
        """A recorded evaluation."""
        report = evaluation.report
        return cls(
            result=ResultRead.of(report) if isinstance(report, Evaluated) else None,
            failure=FailureInFull.of(report) if isinstance(report, Failed) else None,
            reused_from=evaluation.reused_from,
        )


class TrialFacts(Told):
    """What every answer about a trial says. `key` names its architecture; `reused` if no training was needed."""

    number: int
    state: TrialState
    key: str
    reused: bool


class TrialSummary(TrialFacts):
    """A trial in a list, with its result at the highest fidelity it reached, or with its failure."""

    result: ResultRead | None
    failure: FailureRead | None

    @classmethod
    def of(cls, trial: Trial) -> Self:
        """A recorded trial in short."""
        return cls(
            number=trial.number,
            state=trial.state,
            key=trial.proposal.genotype.key,
            reused=trial.reused,
            result=ResultRead.of(trial.best_known) if trial.best_known else None,
            failure=FailureRead.of(trial.failure) if trial.failure else None,
        )


class TrialRead(TrialFacts):
    """A trial with the choices that were proposed and each of its evaluations."""

    choices: dict[str, int]
    evaluations: list[EvaluationRead]

    @classmethod
    def of(cls, trial: Trial) -> Self:
        """A recorded trial in full."""
        return cls(
            number=trial.number,
            state=trial.state,
            key=trial.proposal.genotype.key,
            reused=trial.reused,
            choices=dict(trial.proposal.choices),
            evaluations=[EvaluationRead.of(evaluation) for evaluation in trial.evaluations],
        )
