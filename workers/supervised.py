"""Evaluations in a warm process of their own, which is ended when it takes too long or too much memory.

What hangs in C, ignores signals or forks cannot watch itself. So a worker forks a process, has evaluation after
evaluation done there, and waits for each report no longer than the request allows. It is forked rather than started
anew, since torch is loaded already and the data lie in memory that it shares. The worker itself never computes.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from workers.child import Child, Evaluate
from workers.messages import EvaluationReport, EvaluationRequest, Failed, FailureClass
from workers.process_tree import (
    adopt_orphans,
    descendants,
    end_descendants,
    machine_bytes,
    own_bytes,
    resident_bytes,
)

LOOK_S = 0.25
MOST_COUNTED_S = 1.0  # between two looks at the clock: were this process stopped meanwhile, so might the child be
MEMORY_FOR_ALL = 0.8  # of the machine's, shared by as many evaluations as it has processors for


class Supervised:
    """Has evaluations done by `evaluate(request, data)` in a child of this process, one after another.

    The child outlives an evaluation that ends well, or before training. One that fails, or leaves processes behind,
    is ended with it, and the next begins in a fresh one. Belongs to one thread, and the child dies with that.
    """

    def __init__(self, evaluate: Evaluate, data: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._evaluate = evaluate
        self._data = data
        self._clock = clock
        self._child: Child | None = None
        self._due: deque[tuple[EvaluationRequest | None, int]] = deque()
        adopt_orphans()
        self._strangers = frozenset(descendants())

    def begin(self, request: EvaluationRequest) -> None:
        """Takes up a request; one that is under way is given up."""
        self._end_what_is_left()
        self._request = request
        self._memory_bytes = memory_bytes(request)
        first, *others = request.fidelities
        self._due = deque([(request, first), *((None, fidelity) for fidelity in others)])

    def next(self) -> EvaluationReport:
        """The report at the next fidelity of the request. Whatever goes wrong is Failed, and then the last."""
        request, fidelity = self._due.popleft()
        if self._child is None:
            self._child = Child(self._evaluate, self._data, self._memory_bytes)
        if request is not None:
            # What was there before is shared by ever more processes: each one's part in it changes, their sum does not.
            before = own_bytes(os.getpid()) + own_bytes(self._child.id)
            self._allowed_bytes = before + array_bytes(self._data) + self._memory_bytes
        started = self._clock()
        try:
            self._child.ask(request, fidelity, self._request.deadline_s)
            failure = self._wait(self._child)
            report = None if failure else self._child.pipe.recv()
        except (EOFError, OSError):
            failure, report = FailureClass.CRASHED, None
        if report is None:
            report = self._ended(self._child, failure or FailureClass.CRASHED, fidelity, started)
        elif isinstance(report, Failed) and report.failure is not FailureClass.INFEASIBLE:
            self.end()
        elif isinstance(report, Failed) or not self._due:
            self._end_what_is_left()
        return report

    def end(self) -> dict[int, int]:
        """Ends the child and whatever it has started; id -> wait status."""
        statuses = end_descendants(self._strangers)
        if self._child is not None:
            if self._child.id not in statuses:
                statuses[self._child.id] = self._child.kill()  # not Linux: nothing was found
            self._child.close()
            self._child = None
        return statuses

    def _end_what_is_left(self) -> None:
        """Nothing that an evaluation has started goes on behind its report."""
        if self._child is not None and set(descendants(self._strangers)) - {self._child.id}:
            self.end()

    def _wait(self, child: Child) -> FailureClass | None:
        """Returns when there is an answer, or with the reason why there will be none."""
        left = _TimeLeft(self._request.deadline_s, self._clock)
        while not child.pipe.poll(min(LOOK_S, left.seconds())):
            if child.has_ended():
                return FailureClass.CRASHED
            if self._takes_too_much(left):
                return FailureClass.OUT_OF_MEMORY
            if not left.seconds():
                return FailureClass.DEADLINE
        return None

    def _takes_too_much(self, left: _TimeLeft) -> bool:
        """Whether it holds too much memory; False where no time is left to find out."""
        allowed = self._allowed_bytes
        processes = [os.getpid(), *descendants(self._strangers)]  # what is this process's own is shared by them all
        # What they share counts once. That takes long to add up, so first the sum which cannot be too low.
        if sum(map(resident_bytes, processes)) <= allowed:
            return False
        held = 0
        for process in processes:
            held += own_bytes(process)
            if held > allowed or not left.seconds():
                break
        return held > allowed

    def _ended(self, child: Child, failure: FailureClass, fidelity: int, started: float) -> Failed:
        """Ends a child that has not answered, and says why."""
        seconds, where = self._clock() - started, ""
        if failure is FailureClass.DEADLINE:
            told, where = f"There was no answer within {self._request.deadline_s:g} s.", child.whereabouts()
        elif failure is FailureClass.OUT_OF_MEMORY:
            told = f"It took more than {self._memory_bytes / 1e6:,.0f} MB of memory."
        statuses = self.end()
        if failure is FailureClass.CRASHED:
            told = f"The process died without an answer{_how(statuses.get(child.id))}."
        return Failed(fidelity, failure, told, where, seconds)


class _TimeLeft:
    """Of a deadline, by a clock that is read often; what passes while this process is stopped hardly counts."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._last = clock()

    def seconds(self) -> float:
        """What is left now, at least 0."""
        now = self._clock()
        self._seconds -= min(now - self._last, MOST_COUNTED_S)
        self._last = now
        return max(0.0, self._seconds)


def array_bytes(data: Any) -> int:
    """Of all arrays in some data: they may lie in memory that is shared with others, and count once they are read."""
    if is_dataclass(data):
        return sum(array_bytes(getattr(data, field.name)) for field in fields(data))
    return int(getattr(data, "nbytes", 0))


def memory_bytes(request: EvaluationRequest) -> int:
    """What the evaluation may take beyond what a worker holds: as asked for, or its share of this machine."""
    if request.memory_mb is not None:
        return int(request.memory_mb * 1e6)
    at_once = max(1, (os.cpu_count() or 1) // request.threads)
    return int(MEMORY_FOR_ALL * machine_bytes() / at_once)


def _how(status: int | None) -> str:
    if status is None:
        return ""
    code = os.waitstatus_to_exitcode(status)
    return f": {signal.Signals(-code).name}" if code < 0 else f": exit status {code}"
