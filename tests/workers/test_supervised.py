"""An evaluation that goes wrong is ended by its deadline, with all its processes, and named for what it was."""

from __future__ import annotations

import importlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_space.skeleton import skeletons
from tests.builders import genotype
from tests.workers import supervised_evaluations as wrong
from workers.child import Evaluate
from workers.messages import Evaluated, EvaluationReport, EvaluationRequest, Failed, FailureClass, Recipe
from workers.process_tree import descendants
from workers.supervised import Supervised, memory_bytes

SHARED = Path("/dev/shm")
DEADLINE_S = 1.0
AFTERWARDS_S = 5.0
REQUEST = EvaluationRequest(
    genotype(1), skeletons["tiny"], "digits", Recipe(epochs=6), 0, (2, 6), deadline_s=DEADLINE_S, memory_mb=2000
)
PATIENT = replace(REQUEST, deadline_s=60.0, memory_mb=200)
TWENTY = [0, *(pytest.param(turn, marks=pytest.mark.long) for turn in range(1, 20))]


@pytest.fixture
def before() -> Iterator[list[int]]:
    """The processes that the tests' own have started; there are no others afterwards."""
    there = descendants()
    yield there
    assert descendants() == there


def first_report(evaluate: Evaluate, request: EvaluationRequest) -> EvaluationReport:
    evaluations = Supervised(evaluate, None)
    evaluations.begin(request)
    report = evaluations.next()
    if isinstance(report, Evaluated):
        evaluations.end()
    return report


@pytest.mark.parametrize("turn", TWENTY)
@pytest.mark.parametrize(
    ("evaluate", "failure"),
    [
        (wrong.hangs_in_c, FailureClass.DEADLINE),
        (wrong.ignores_signals, FailureClass.DEADLINE),
        (wrong.bombs, FailureClass.DEADLINE),
        (wrong.allocates, FailureClass.OUT_OF_MEMORY),
        (wrong.shares_memory, FailureClass.OUT_OF_MEMORY),
        (wrong.segfaults, FailureClass.CRASHED),
        (wrong.raises, FailureClass.ERROR),
    ],
)
def test_it_is_ended_in_time_and_named_for_what_it_was(
    before: list[int], evaluate: Evaluate, failure: FailureClass, turn: int
) -> None:
    request = REQUEST if failure is FailureClass.DEADLINE else PATIENT
    report = first_report(evaluate, request)
    assert isinstance(report, Failed)
    assert (report.failure, report.fidelity) == (failure, 2)
    assert report.seconds < request.deadline_s + AFTERWARDS_S


@pytest.mark.long
@pytest.mark.parametrize("turn", range(20))
@pytest.mark.parametrize(
    ("evaluate", "failure"),
    [(wrong.meets_no_numbers, FailureClass.DIVERGED), (wrong.sees_nothing, FailureClass.CONSTANT)],
)
def test_real_training_that_comes_to_nothing_is_named_for_what_it_was(
    before: list[int], evaluate: Evaluate, failure: FailureClass, turn: int
) -> None:
    """Of any cell; tests/workers/test_evaluate.py asks it of one every time."""
    importlib.import_module("workers.evaluate")  # with torch, so that the children need not load it
    cell = genotype(17 * turn)
    request = replace(PATIENT, genotype=cell, recipe=Recipe(epochs=1), seed=turn, fidelities=(1,), memory_mb=2000)
    report = first_report(evaluate, request)
    assert isinstance(report, Failed)
    assert report.failure is failure


def test_a_hang_is_told_with_the_place_where_it_was(before: list[int]) -> None:
    report = first_report(wrong.hangs_in_c, REQUEST)
    assert isinstance(report, Failed)
    assert report.message == "There was no answer within 1 s."
    assert "in hangs_in_c" in report.traceback


def test_one_that_is_turned_down_before_training_leaves_the_process_warm(before: list[int]) -> None:
    evaluations = Supervised(wrong.is_too_slow, None)
    processes = set()
    for _ in range(2):
        evaluations.begin(PATIENT)
        report = evaluations.next()
        assert isinstance(report, Failed)
        assert report.failure is FailureClass.INFEASIBLE
        processes.add(report.message)
    evaluations.end()
    assert len(processes) == 1


def test_a_signal_is_named(before: list[int]) -> None:
    report = first_report(wrong.segfaults, PATIENT)
    assert isinstance(report, Failed)
    assert report.message == "The process died without an answer: SIGSEGV."


def test_a_hang_at_a_later_fidelity_is_told_for_that_one(before: list[int]) -> None:
    evaluations = Supervised(wrong.hangs_after_a_report, None)
    evaluations.begin(REQUEST)
    assert isinstance(evaluations.next(), Evaluated)
    report = evaluations.next()
    assert isinstance(report, Failed)
    assert (report.failure, report.fidelity) == (FailureClass.DEADLINE, 6)


def test_what_a_finished_evaluation_leaves_behind_is_ended(before: list[int]) -> None:
    evaluations = Supervised(wrong.leaves_children, None)
    evaluations.begin(PATIENT)
    assert isinstance(evaluations.next(), Evaluated)
    assert len(descendants()) == len(before) + 1 + 5
    assert isinstance(evaluations.next(), Evaluated)
    assert descendants() == before


def test_what_the_worker_held_before_is_not_counted_however_many_processes_share_it(before: list[int]) -> None:
    held = bytes(1_000_000) * 1000
    report = first_report(wrong.works_beside_children, PATIENT)
    assert isinstance(report, Evaluated), report
    assert len(held) > 4 * memory_bytes(PATIENT)


def test_what_a_worker_comes_to_hold_between_two_evaluations_is_not_counted(before: list[int]) -> None:
    evaluations = Supervised(slow, None)
    held = []
    for _ in range(2):
        evaluations.begin(PATIENT)
        assert isinstance(evaluations.next(), Evaluated)
        assert isinstance(evaluations.next(), Evaluated)
        held.append(b"x" * 2 * memory_bytes(PATIENT))
    evaluations.end()


@pytest.mark.skipif(not SHARED.is_dir(), reason="no memory that is shared by name")
def test_data_in_shared_memory_are_not_counted_when_they_are_read(before: list[int]) -> None:
    size = 2 * memory_bytes(PATIENT)
    with tempfile.NamedTemporaryFile(dir=SHARED) as file:
        file.write(bytes(size))
        file.flush()
        evaluations = Supervised(wrong.reads_its_data, np.memmap(file.name, np.uint8, "r"))
        evaluations.begin(PATIENT)
        assert isinstance(evaluations.next(), Evaluated)
        evaluations.end()


def test_one_that_dies_and_leaves_a_process_behind_has_crashed(before: list[int]) -> None:
    report = first_report(wrong.dies_beside_a_child, PATIENT)
    assert isinstance(report, Failed)
    assert report.failure is FailureClass.CRASHED
    assert report.message == "The process died without an answer: SIGKILL."


def test_one_that_dies_in_the_middle_of_its_answer_has_crashed(before: list[int]) -> None:
    report = first_report(wrong.dies_while_it_answers, PATIENT)
    assert isinstance(report, Failed)
    assert report.failure is FailureClass.CRASHED
    assert report.seconds < PATIENT.deadline_s


def where_it_runs(request: EvaluationRequest, data: Any) -> Iterator[EvaluationReport]:
    for report in wrong.is_well(request, data):
        assert isinstance(report, Evaluated)
        yield replace(report, params=os.getpid())


def test_evaluations_that_end_well_share_one_warm_process(before: list[int]) -> None:
    evaluations = Supervised(where_it_runs, None)
    seen = set()
    for _ in range(3):
        evaluations.begin(PATIENT)
        report = evaluations.next()
        assert isinstance(report, Evaluated)
        seen.add(report.params)
    evaluations.end()
    assert len(seen) == 1
    assert os.getpid() not in seen


def test_neighbours_of_a_fork_bomb_are_unharmed(before: list[int]) -> None:
    """A neighbour is another worker, with children of its own, on the same machine."""
    reports: list[EvaluationReport] = []
    neighbour = Supervised(wrong.is_well, None)
    neighbour.begin(PATIENT)
    reports.append(neighbour.next())
    bombed = Supervised(wrong.bombs, None)
    bombed.begin(REQUEST)
    assert isinstance(bombed.next(), Failed)
    reports.append(neighbour.next())
    neighbour.end()
    assert all(isinstance(report, Evaluated) for report in reports)


def test_a_child_does_not_outlive_the_thread_it_works_for(before: list[int]) -> None:
    def work() -> None:
        evaluations = Supervised(wrong.is_well, None)
        evaluations.begin(PATIENT)
        evaluations.next()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    deadline = time.monotonic() + 10
    while descendants() != before and time.monotonic() < deadline:
        for process in set(descendants()) - set(before):
            os.waitpid(process, os.WNOHANG)
        time.sleep(0.01)


def test_time_in_which_the_watcher_was_stopped_is_not_counted(before: list[int]) -> None:
    moments = iter([0.0, 0.0, 1000.0])
    last = [1000.0]

    def clock() -> float:
        last[0] = next(moments, last[0] + 0.3)
        return last[0]

    evaluations = Supervised(slow, None, clock)
    evaluations.begin(replace(PATIENT, deadline_s=5.0))
    assert isinstance(evaluations.next(), Evaluated)
    evaluations.end()


def slow(request: EvaluationRequest, data: Any) -> Iterator[EvaluationReport]:
    time.sleep(1.0)
    yield from wrong.is_well(request, data)
