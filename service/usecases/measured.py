"""What the fully trained cells of one job measure, as columns of numbers: a front is made of little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import moocore
import numpy as np
from numpy.typing import NDArray

from service.domain.front import additions
from service.domain.objectives import Objective
from service.ports import Measured

Columns: TypeAlias = dict[str, NDArray[np.float64]]
Rows: TypeAlias = NDArray[np.intp]
Matrix: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measurements:
    """The measurements of a job up to evaluation `last`; `front` are the rows that no other row beats.

    `worst` has the worst loss an objective of all rows; `best_accuracy` and `fastest_ms`, the least latency, are those
    of the rows which keep the limits.
    """

    last: int
    columns: Columns
    front: Rows
    worst: tuple[float, ...] | None
    best_accuracy: float | None
    fastest_ms: float | None

    def with_more(self, new: Sequence[Measured], objectives: Sequence[Objective]) -> Measurements:
        """What beat a row before beats it still: only the front and what is new are compared."""
        if not new:
            return self
        more = _columns(new)
        before = len(self.columns["number"])
        columns = {name: np.concatenate([self.columns[name], more[name]]) for name in more}
        fresh = np.arange(before, before + len(new))
        worst = _losses(columns, fresh, objectives).max(axis=0)
        if self.worst is not None:
            worst = np.maximum(worst, self.worst)
        kept = _keeping(columns, fresh, objectives)
        front = _front(columns, np.concatenate([self.front, kept]), objectives)
        accuracies = [*columns["accuracy"][kept].tolist(), self.best_accuracy]
        best = max((accuracy for accuracy in accuracies if accuracy is not None), default=None)
        latencies_ms = [*columns["latency_ms"][kept].tolist(), self.fastest_ms]
        fastest_ms = min((latency_ms for latency_ms in latencies_ms if latency_ms is not None), default=None)
        return Measurements(new[-1].id, columns, front, tuple(worst.tolist()), best, fastest_ms)

    @property
    def points(self) -> list[tuple[int, float, float]]:
        """Number, latency in milliseconds and accuracy of each, in the order of the numbers."""
        number, latency_ms, accuracy = (self.columns[name] for name in ("number", "latency_ms", "accuracy"))
        rows = zip(number.astype(int).tolist(), latency_ms.tolist(), accuracy.tolist(), strict=True)
        return sorted(rows)

    def front_under(self, max_latency_ms: float | None, objectives: Sequence[Objective]) -> list[int]:
        """The numbers of the trials that keep the limits, are no slower, and that no other of them beats."""
        rows = self.front
        if max_latency_ms is not None:
            if not any(objective.metric == "latency_ms" for objective in objectives):
                # what beats a fast cell may be slow
                rows = _keeping(self.columns, np.arange(len(self.columns["number"])), objectives)
            rows = rows[self.columns["latency_ms"][rows] <= max_latency_ms]
            rows = _front(self.columns, rows, objectives)
        return [int(number) for number in self.columns["number"][rows]]


@dataclass(frozen=True, slots=True)
class Trace:
    """The rows, by number of trial, that no trial of a lower number is as good as: each made the front cover more.

    It is about the first `last` rows of some measurements.
    """

    last: int
    rows: Rows

    def with_more(self, known: Measurements, objectives: Sequence[Objective]) -> Trace:
        """With the rows that `known` has more. Trials end in any order, so that one may push out a later one."""
        columns, there = known.columns, len(known.columns["number"])
        rows = np.concatenate([self.rows, _keeping(columns, np.arange(self.last, there), objectives)])
        rows = rows[np.argsort(columns["number"][rows], kind="stable")]
        return Trace(there, rows[additions(_losses(columns, rows, objectives))])

    def told(self, known: Measurements, objectives: Sequence[Objective]) -> tuple[list[int], Matrix]:
        """The numbers of the trials, and their losses."""
        numbers = [int(number) for number in known.columns["number"][self.rows]]
        return numbers, _losses(known.columns, self.rows, objectives)


def _columns(rows: Sequence[Measured]) -> Columns:
    names = ("number", "accuracy", "latency_ms", "params", "macs", "peak_memory_mb")
    return {name: np.array([getattr(row, name) for row in rows], dtype=float) for name in names}


def _keeping(columns: Columns, rows: Rows, objectives: Sequence[Objective]) -> Rows:
    """Those of the rows that keep the limits."""
    kept = np.ones(len(rows), dtype=bool)
    for own, objective in zip(_losses(columns, rows, objectives).T, objectives, strict=True):
        if objective.limit is not None:
            kept &= own <= objective.directed(objective.limit)
    return rows[kept]


def _front(columns: Columns, rows: Rows, objectives: Sequence[Objective]) -> Rows:
    """Those of the rows that no other of them beats."""
    losses = _losses(columns, rows, objectives)
    return rows[moocore.is_nondominated(losses, keep_weakly=True)] if len(rows) else rows


def _losses(columns: Columns, rows: Rows, objectives: Sequence[Objective]) -> Matrix:
    """A column an objective, less is better."""
    values = [columns[objective.metric][rows] for objective in objectives]
    return np.column_stack(
        [-own if objective.maximise else own for own, objective in zip(values, objectives, strict=True)]
    )


NOTHING = Measurements(0, _columns([]), np.array([], dtype=np.intp), None, None, None)
NO_TRACE = Trace(0, np.array([], dtype=np.intp))
