"""A scheduler that stands still for longer than its lease, and then goes on: what it has to say is refused."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from service.domain.job import JobState
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import JobRow
from tests.fakes import a_spec
from tests.faults.killing import Service
from tests.processes import wait_for

MANY = 10_000


class Two:
    """Two schedulers, each on a folder of its own, and one record."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "record.db"
        self.schedulers = [
            Service(folder / name, f"sqlite:///{self.record}", 0.5, 2.0, ledger=folder / "ledger") for name in "ab"
        ]
        upgrade(self.schedulers[0].engine)
        with SqlUnitOfWork(self.schedulers[0].engine)() as store:
            self.job = store.add_job(a_spec(trials=MANY, seconds=36_000, sampler="random", lag=8)).id

    def lease(self) -> tuple[str, int, int]:
        """Who holds the job, by which token, and how many writes were refused."""
        with self.schedulers[0].engine.begin() as connection:
            row = connection.execute(select(JobRow.lease_holder, JobRow.lease_token, JobRow.refused)).one()
        return row.lease_holder or "", row.lease_token, row.refused

    def holder(self) -> Service | None:
        name = self.lease()[0].rpartition(":")[2]
        for scheduler in self.schedulers:
            own = scheduler.folder / "scheduler.name"
            if name and own.exists() and own.read_text() == name:
                return scheduler
        return None

    def stop(self, id: int) -> None:
        """Stops a process, but not between two statements of a transaction: SQLite would wait for it for ever."""
        while True:
            os.kill(id, signal.SIGSTOP)
            wait_for(lambda: stands_still(id), 10, "every thread of it stands still")
            with contextlib.suppress(sqlite3.OperationalError), sqlite3.connect(self.record, timeout=0.3) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.rollback()
                return
            os.kill(id, signal.SIGCONT)
            time.sleep(0.1)


def stands_still(id: int) -> bool:
    """Whether the signal has reached every thread: until then one may still begin a transaction."""
    states = []
    for task in Path(f"/proc/{id}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            states.append((task / "stat").read_text().rpartition(")")[2].split()[0])
    return set(states) == {"T"}


@pytest.mark.xdist_group("machine")
@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.long)])
def test_a_scheduler_that_stood_still_is_refused_by_the_record(tmp_path: Path, rounds: int) -> None:
    two = Two(tmp_path)
    first, second = two.schedulers
    with first.running("scheduler"), second.running("scheduler"):
        for done in range(rounds):
            before = len(first.trials(two.job))
            wait_for(lambda: len(first.trials(two.job)) >= before + 4, 120, "the job goes on")  # noqa: B023
            held = two.holder()
            assert held is not None
            _, token, refused = two.lease()
            [process] = held.processes("scheduler")
            two.stop(process)
            wait_for(lambda: two.lease()[1] > token, 60, "the other takes over")  # noqa: B023
            assert two.holder() is not held
            os.kill(process, signal.SIGCONT)
            wait_for(lambda: two.lease()[2] > refused, 60, f"round {done}: it is refused, and that is counted")  # noqa: B023
        with SqlUnitOfWork(first.engine)() as store:
            store.move_job(two.job, JobState.CANCELLED)
    assert two.lease()[2] >= rounds
    first.check_record([two.job])
