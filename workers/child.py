"""A process, forked from this one, in which evaluations are done."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import resource
import signal
import socket
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from workers.failures import failure_class
from workers.messages import EvaluationReport, EvaluationRequest, Failed
from workers.process_tree import end_with

Evaluate: TypeAlias = Callable[[EvaluationRequest, Any], Iterator[EvaluationReport]]

WRITTEN_EARLIER_S = 0.2  # so that it is there when the parent ends a child
LONGEST_SILENCE_S = 3  # in the middle of an answer
FIRST_FILE = 3  # after standard input, output and error


class Child:
    """Answers requests one after another, with `data` in memory that it shares with its parent.

    It dies with the thread that made it. What it wants beyond `memory_bytes` more than it was born with, it is refused:
    an ordinary exception there.
    """

    def __init__(self, evaluate: Evaluate, data: Any, memory_bytes: int) -> None:
        self.pipe, theirs = Pipe()
        _limit_silence(self.pipe)
        # A file, not a pipe: where a child hangs is written by a thread that Python knows nothing of.
        self._traceback = tempfile.TemporaryFile()  # noqa: SIM115  # `close` closes it
        parent = os.getpid()
        self.id = os.fork()
        if self.id == 0:
            try:
                end_with(parent)
                gc.freeze()  # looking through what was there before would copy it
                _drop_what_is_the_parents(keep=(theirs.fileno(), self._traceback.fileno()))
                _limit_memory(memory_bytes)
                _answer(theirs, evaluate, data, self._traceback.fileno())
            finally:
                os._exit(1)  # never on into what the parent does next
        theirs.close()

    def ask(self, request: EvaluationRequest | None, fidelity: int, deadline_s: float) -> None:
        """Asks for the report at `fidelity` of a new request, or of the one before; it comes through `pipe`."""
        self.pipe.send((request, fidelity, deadline_s))

    def whereabouts(self) -> str:
        """The traceback of its threads just before the deadline passed; empty where it did not."""
        self._traceback.seek(0)
        return self._traceback.read().decode(errors="replace")

    def has_ended(self) -> bool:
        """Whether it is no more, even where processes that it has started hold its end of the pipe."""
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return sys.platform == "linux" and os.waitid(os.P_PID, self.id, how) is not None

    def kill(self) -> int:
        """Ends it alone; its wait status."""
        os.kill(self.id, signal.SIGKILL)
        return os.waitpid(self.id, 0)[1]

    def close(self) -> None:
        """Forgets it."""
        self.pipe.close()
        self._traceback.close()


def _limit_silence(pipe: Connection) -> None:
    """To read an answer that breaks off raises OSError, even where what a dead child has started holds its end open."""
    with socket.socket(fileno=os.dup(pipe.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", LONGEST_SILENCE_S, 0))


def _drop_what_is_the_parents(keep: tuple[int, ...]) -> None:
    """Its signal handlers, and its files: a socket that a child held open would hide that the parent is gone."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    first = FIRST_FILE
    for file in (*sorted(keep), os.sysconf("SC_OPEN_MAX")):
        os.closerange(first, file)
        first = file + 1


def _limit_memory(beyond_bytes: int) -> None:
    with contextlib.suppress(OSError):  # without /proc (not Linux) there is no such limit
        lines = Path("/proc/self/status").read_text().splitlines()
        held = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (held + beyond_bytes, most))


def _answer(pipe: Connection, evaluate: Evaluate, data: Any, traceback_file: int) -> None:
    """Answers until nobody asks any more."""
    reports: Iterator[EvaluationReport] = iter(())
    while True:
        try:
            request, fidelity, deadline_s = pipe.recv()
        except EOFError:
            return
        faulthandler.dump_traceback_later(max(deadline_s / 2, deadline_s - WRITTEN_EARLIER_S), file=traceback_file)
        try:
            if request is not None:
                reports = evaluate(request, data)
            report = next(reports)
        except Exception as error:  # noqa: BLE001  # what goes wrong here is a result
            told = f"{type(error).__name__}: {error}"
            report = Failed(fidelity, failure_class(error), told, traceback.format_exc())
        finally:
            faulthandler.cancel_dump_traceback_later()
        pipe.send(report)
