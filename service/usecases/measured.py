"""What the fully trained cells of jobs measure, kept in memory between requests: a front is made of little."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from weakref import WeakKeyDictionary

import moocore
import numpy as np
from numpy.typing import NDArray

from service.domain.job import Job
from service.domain.objectives import Objective
from service.ports import Measured, Store, UnitOfWork

MOST_JOBS = 64
Columns: TypeAlias = dict[str, NDArray[np.float64]]
Rows: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The trials that may be on a front, by number, and per objective the worst loss of all that were trained fully."""

    numbers: tuple[int, ...]
    worst: tuple[float, ...] | None


def memory_of(work: UnitOfWork) -> Memory:
    """The memory of one record, which lasts as long as its `work`."""
    with _ALONE:
        return _MEMORIES.setdefault(work, Memory())


class Memory:
    """What has been read of each of the last jobs asked for; what came since is added. Threads may share one.

    The evaluations of a job are recorded one after another, under its lease: an id that is higher comes later.
    """

    def __init__(self) -> None:
        self._jobs: OrderedDict[tuple[int, datetime], _Known] = OrderedDict()
        self._alone = threading.Lock()

    def candidates(self, job: Job, store: Store, max_latency_ms: float | None = None) -> Candidates:
        """Those that keep the limits, are no slower, and that no other of them beats."""
        known = self._known(job, store)
        if known.worst is None:
            return Candidates((), None)
        columns, rows = known.columns, known.front
        if max_latency_ms is not None:
            if not any(objective.metric == "latency_ms" for objective in job.spec.objectives):
                rows = np.arange(len(columns["number"]))  # what beats a fast cell may be slow
            rows = rows[columns["latency_ms"][rows] <= max_latency_ms]
            rows = _front(columns, rows, job.spec.objectives)
        return Candidates(tuple(int(number) for number in columns["number"][rows]), known.worst)

    def _known(self, job: Job, store: Store) -> _Known:
        """What is known of a job, with what was recorded since the last time."""
        key = job.id, job.created_at
        with self._alone:
            known = self._jobs.get(key, NOTHING)
        if new := store.measured(job.id, job.spec.recipe.epochs, after=known.last):
            known = known.with_more(new, job.spec.objectives)
        with self._alone:
            if known.last >= self._jobs.get(key, NOTHING).last:
                self._jobs[key] = known
                self._jobs.move_to_end(key)
            while len(self._jobs) > MOST_JOBS:
                self._jobs.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class _Known:
    """The measurements of a job up to evaluation `last`; `front` are the rows that no other row beats."""

    last: int
    columns: Columns
    front: Rows
    worst: tuple[float, ...] | None

    def with_more(self, new: Sequence[Measured], objectives: Sequence[Objective]) -> _Known:
        """What beat a row before beats it still: only the front and what is new are compared."""
        more = _columns(new)
        before = len(self.columns["number"])
        columns = {name: np.concatenate([self.columns[name], more[name]]) for name in more}
        fresh = np.arange(before, before + len(new))
        worst = _losses(columns, fresh, objectives).max(axis=0)
        if self.worst is not None:
            worst = np.maximum(worst, self.worst)
        rows = np.concatenate([self.front, fresh])
        return _Known(new[-1].id, columns, _front(columns, rows, objectives), tuple(worst.tolist()))


def _columns(rows: Sequence[Measured]) -> Columns:
    names = ("number", "accuracy", "latency_ms", "params", "macs", "peak_memory_mb")
    return {name: np.array([getattr(row, name) for row in rows], dtype=float) for name in names}


def _front(columns: Columns, rows: Rows, objectives: Sequence[Objective]) -> Rows:
    """Those of the rows that keep the limits and that no other of them beats."""
    losses = _losses(columns, rows, objectives)
    kept = np.ones(len(rows), dtype=bool)
    for own, objective in zip(losses.T, objectives, strict=True):
        if objective.limit is not None:
            kept &= own <= objective.directed(objective.limit)
    rows, losses = rows[kept], losses[kept]
    return rows[moocore.is_nondominated(losses, keep_weakly=True)] if len(rows) else rows


def _losses(columns: Columns, rows: Rows, objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """A column an objective, less is better."""
    values = [columns[objective.metric][rows] for objective in objectives]
    return np.column_stack(
        [-own if objective.maximise else own for own, objective in zip(values, objectives, strict=True)]
    )


NOTHING = _Known(0, _columns([]), np.array([], dtype=np.intp), None)
_MEMORIES: WeakKeyDictionary[UnitOfWork, Memory] = WeakKeyDictionary()
_ALONE = threading.Lock()
