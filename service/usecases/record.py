"""The record of a job as a table, one row an evaluation: for a spreadsheet, or a notebook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from service.domain.trial import Evaluation, Trial
from service.ports import UnitOfWork
from service.usecases.trials import every
from workers.messages import Failed, LatencyMeasurement

Row = dict[str, Any]

OF_TRIAL = ("trial", "key", "state")
OF_EVALUATION = ("fidelity", "seed", "seconds", "reused_from")
OF_LATENCY = ("latency_ms", "latency_low_ms", "latency_high_ms", "latency_ratio", "device")
OF_COST = ("accuracy", "images", "params", "macs", "peak_memory_bytes")
OF_RESULT = ("accuracy", "images", *OF_LATENCY, "params", "macs", "peak_memory_bytes")
OF_FAILURE = ("failure", "failure_message")
COLUMNS = (*OF_TRIAL, *OF_EVALUATION, *OF_RESULT, *OF_FAILURE, "choices")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(job_id: int, work: UnitOfWork) -> list[Row]:
    """Every evaluation in the order of trial and fidelity; a trial without any is a row of its own.

    NotFound where there is no such job. Of one that searches, later trials are told as they are later.
    """
    return [row for trial in every(job_id, work) for row in _rows_of(trial)]


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """Lines with a heading; `choices` is JSON. Text that a spreadsheet would take for a formula starts with `'`."""
    line = io.StringIO()
    writer = csv.DictWriter(line, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"choices": json.dumps(row["choices"]), "failure_message": _harmless(row)})
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def as_json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One object a line."""
    return (json.dumps(row) + "\n" for row in rows)


def _rows_of(trial: Trial) -> Iterator[Row]:
    own = {"trial": trial.number, "key": trial.proposal.genotype.key, "state": trial.state.value}
    whole = dict.fromkeys(COLUMNS) | own | {"choices": dict(trial.proposal.choices)}
    for evaluation in trial.evaluations:
        yield whole | _told(evaluation)
    if not trial.evaluations:
        yield whole


def _told(evaluation: Evaluation) -> Row:
    report = evaluation.report
    told: Row = {"fidelity": report.fidelity, "seed": evaluation.seed, "seconds": report.seconds}
    told["reused_from"] = evaluation.reused_from
    if isinstance(report, Failed):
        told |= {"failure": report.failure.value, "failure_message": report.message}
        return told | (_latency(report.latency) if report.latency else {})
    return told | _latency(report.latency) | {name: getattr(report, name) for name in OF_COST}


def _latency(latency: LatencyMeasurement) -> Row:
    measured = (latency.median_ms, *latency.interval_ms, latency.ratio, latency.device)
    return dict(zip(OF_LATENCY, measured, strict=True))


def _harmless(row: Row) -> str | None:
    message: str | None = row["failure_message"]
    return f"'{message}" if message and message.startswith(FORMULA) else message
