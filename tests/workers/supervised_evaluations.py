"""Evaluations that go wrong in ways that only another process can end."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import stat
import struct
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests import fake_evaluations
from workers.messages import EvaluationReport, EvaluationRequest, Failed, FailureClass

Reports = Iterator[EvaluationReport]
CHILDREN = 200


def hangs_in_c(request: EvaluationRequest, data: Any) -> Reports:
    """An endless loop in C that never lets go of the interpreter's lock."""
    sum(iter(int, 1))
    yield from fake_evaluations.evaluate(request)


def is_too_slow(request: EvaluationRequest, data: Any) -> Reports:
    """Tells its process, and that it was not trained."""
    yield Failed(request.fidelities[0], FailureClass.INFEASIBLE, str(os.getpid()), "")


def hangs_after_a_report(request: EvaluationRequest, data: Any) -> Reports:
    """The same, at the second fidelity."""
    yield next(fake_evaluations.evaluate(request))
    sum(iter(int, 1))


def ignores_signals(request: EvaluationRequest, data: Any) -> Reports:
    """Sleeps, and cannot be asked to stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(3600)
        yield from fake_evaluations.evaluate(request)


def bombs(request: EvaluationRequest, data: Any) -> Reports:
    """200 children that ignore signals, each in a session of its own, half of them forked twice."""
    for number in range(CHILDREN):
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if number % 2 and os.fork():
                os._exit(0)
            while True:
                time.sleep(3600)
    time.sleep(3600)
    yield from fake_evaluations.evaluate(request)


def leaves_children(request: EvaluationRequest, data: Any) -> Reports:
    """Answers as it should, and leaves five processes behind."""
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            while True:
                time.sleep(3600)
    yield from fake_evaluations.evaluate(request)


def works_beside_children(request: EvaluationRequest, data: Any) -> Reports:
    """Five processes that share what this one was born with, for long enough to be weighed."""
    for _ in range(5):
        if os.fork() == 0:
            time.sleep(3600)
    time.sleep(1.0)
    yield from fake_evaluations.evaluate(request)


def reads_its_data(request: EvaluationRequest, data: Any) -> Reports:
    """All of them, and is there for long enough to be weighed."""
    data.sum()
    time.sleep(1.0)
    yield from fake_evaluations.evaluate(request)


def dies_beside_a_child(request: EvaluationRequest, data: Any) -> Reports:
    """Leaves a process behind that holds all that it had open."""
    if os.fork() == 0:
        time.sleep(3600)
    os.kill(os.getpid(), signal.SIGKILL)
    yield from fake_evaluations.evaluate(request)


def dies_while_it_answers(request: EvaluationRequest, data: Any) -> Reports:
    """A few bytes of a long answer, and then nothing more; what it has started holds the pipe open."""
    if os.fork() == 0:
        time.sleep(3600)
    sockets = (number for number in range(3, 64) if stat.S_ISSOCK(_mode(number)))
    os.write(next(sockets), struct.pack("!i", 1_000_000) + b"only so far")
    os.kill(os.getpid(), signal.SIGKILL)
    yield from fake_evaluations.evaluate(request)


def _mode(file: int) -> int:
    try:
        return os.fstat(file).st_mode
    except OSError:
        return 0


def allocates(request: EvaluationRequest, data: Any) -> Reports:
    """Asks for ever more memory in this process."""
    kept = []
    while True:
        kept.append(bytearray(10_000_000))
        yield from () if len(kept) < 10_000 else fake_evaluations.evaluate(request)


def shares_memory(request: EvaluationRequest, data: Any) -> Reports:
    """Takes ever more memory that no limit of a process counts, since it is shared."""
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 10_000_000))
        kept[-1].write(bytes(10_000_000))
        time.sleep(0.01)
        yield from () if len(kept) < 300 else fake_evaluations.evaluate(request)


def segfaults(request: EvaluationRequest, data: Any) -> Reports:
    """Reads where nothing is."""
    ctypes.string_at(0)
    yield from fake_evaluations.evaluate(request)


def raises(request: EvaluationRequest, data: Any) -> Reports:
    """An exception that escapes."""
    yield data["what nobody expected"]


def meets_no_numbers(request: EvaluationRequest, data: Any) -> Reports:
    """Real training on images that are NaN."""
    yield from _trained_on(np.nan, request)


def sees_nothing(request: EvaluationRequest, data: Any) -> Reports:
    """Real training on images that are all alike."""
    yield from _trained_on(0.0, request)


def _trained_on(brightness: float, request: EvaluationRequest) -> Reports:
    # Torch is loaded where it is needed: most of these evaluations fork, or die, without.
    from workers.data.labelled import LabelledData
    from workers.data.splits import SearchData
    from workers.evaluate import evaluate

    images_NCHW = np.full((64, *request.skeleton.input_shape), brightness, dtype=np.float32)
    data = LabelledData(images_NCHW, np.arange(64) % request.skeleton.classes)
    yield from evaluate(request, SearchData(data, data))


def is_well(request: EvaluationRequest, data: Any) -> Reports:
    """The fake evaluation."""
    yield from fake_evaluations.evaluate(request)
