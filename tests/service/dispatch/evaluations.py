"""What workers do in the tests of dispatchers; they load no more than that."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import fake_evaluations
from tests.workers import supervised_evaluations as wrong
from workers.messages import EvaluationReport, EvaluationRequest, FailureClass

TRIAL_S = 0.1

WRONG = {
    "endless loop in C": (wrong.hangs_in_c, FailureClass.DEADLINE),
    "ignored signals": (wrong.ignores_signals, FailureClass.DEADLINE),
    "fork bomb": (wrong.bombs, FailureClass.DEADLINE),
    "memory": (wrong.allocates, FailureClass.OUT_OF_MEMORY),
    "NaN": (wrong.meets_no_numbers, FailureClass.DIVERGED),
    "constant output": (wrong.sees_nothing, FailureClass.CONSTANT),
}


def evaluate(request: EvaluationRequest, ledger: Any) -> Iterator[EvaluationReport]:
    """The fake evaluation, which writes down who did it."""
    with Path(ledger).open("a") as file:
        file.write(f"{os.getpid()} {request.genotype.key}\n")
    yield from fake_evaluations.evaluate(request)


def takes_a_moment(request: EvaluationRequest, ledger: Any) -> Iterator[EvaluationReport]:
    """The fake evaluation, which takes a moment and writes down when; jobs are told apart by their seeds."""
    started = time.time()
    time.sleep(TRIAL_S)
    with Path(ledger).open("a") as file:
        file.write(f"{request.seed} {started} {time.time()}\n")
    yield from fake_evaluations.evaluate(request)


def dies(request: EvaluationRequest, ledger: Any) -> Iterator[EvaluationReport]:
    """The same, where the worker dies the first time that it sees a cell in four."""
    seen = Path(ledger).read_text() if Path(ledger).exists() else ""
    if int(request.genotype.key[:8], 16) % 4 == 0 and request.genotype.key not in seen:
        next(evaluate(request, ledger))
        os._exit(1)
    yield from evaluate(request, ledger)


def always_dies(request: EvaluationRequest, _: Any) -> Iterator[EvaluationReport]:
    if request:
        os._exit(1)
    yield from fake_evaluations.evaluate(request)


def writes_to_data(request: EvaluationRequest, data: Any) -> Iterator[EvaluationReport]:
    """Data in the object store is one copy a node, which nobody can write to: a copy of one's own could be."""
    data[0] = 1
    yield from fake_evaluations.evaluate(request)


def reads_data(request: EvaluationRequest, data: Any) -> Iterator[EvaluationReport]:
    assert data.sum() == 0
    yield from fake_evaluations.evaluate(request)


def fake(request: EvaluationRequest, _: Any) -> Iterator[EvaluationReport]:
    yield from fake_evaluations.evaluate(request)


def sleeps(request: EvaluationRequest, _: Any) -> Iterator[EvaluationReport]:
    time.sleep(600)
    yield from fake_evaluations.evaluate(request)


def goes_wrong(key: str) -> bool:
    return int(key[:8], 16) % 2 == 0


def every_other_goes_wrong(request: EvaluationRequest, how_and_mark: tuple[str, str]) -> Iterator[EvaluationReport]:
    """Holds the file `mark` open, as does whatever it forks, so that all can be found again."""
    how, mark = how_and_mark
    with Path(mark).open():
        if goes_wrong(request.genotype.key):
            yield from WRONG[how][0](request, None)
        else:
            yield from fake_evaluations.evaluate(request)
