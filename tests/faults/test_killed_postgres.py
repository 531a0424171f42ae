"""Kill -9 of a whole PostgreSQL under load, again and again: the service goes on by itself, and nothing is lost."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from cellsmith.client import Client
from cellsmith.errors import ApiError, Unreachable
from service.domain.job import JobState
from tests.faults.killing import Service, Watcher, a_job
from tests.faults.undisturbed import check_undisturbed, one_of_each
from tests.postgres import NoPostgres, Server, postgres_server
from tests.processes import wait_for

VISITS_TRIALS = 10  # no other job here has as many
FEWEST_BETWEEN = 4
"""Trials that end between two kills, so that each meets a service at work."""


class Visitor:
    """Submits jobs and cancels them, all the while; `told` is what it was told: key -> job."""

    def __init__(self, service: Service) -> None:
        self.told: dict[str, int] = {}
        self.cancelled: set[int] = set()
        self.refused = 0
        self._service = service
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(120)

    def _visit(self) -> None:
        with self._service.client as client:
            while not self._ending.wait(0.05):
                key = f"visit-{len(self.told)}"
                id = self._submitted(client, key)
                self._cancelled(client, id)
                self.told[key] = id

    def _submitted(self, client: Client, key: str) -> int:
        while True:
            try:
                return int(client.submit(a_job(0, VISITS_TRIALS), idempotency_key=key)["id"])
            except (ApiError, Unreachable) as error:
                self._away(error, 409, 503)

    def _cancelled(self, client: Client, id: int) -> None:
        while True:
            try:
                client.move(id, "cancel")
            except (ApiError, Unreachable) as error:
                if isinstance(error, ApiError) and error.status == 409:
                    return  # it was done and the answer did not come, or the job was quicker
                self._away(error, 503)
            else:
                self.cancelled.add(id)
                return

    def _away(self, error: ApiError | Unreachable, *known: int) -> None:
        """Anything else than that the database is away, or is still busy with this key, is a failure."""
        if isinstance(error, ApiError) and error.status not in known:
            raise error
        self.refused += 1
        time.sleep(0.1)

    def check(self) -> None:
        """What was submitted is there once, and what was cancelled is."""
        with self._service.reading() as store:
            found = store.jobs(limit=100_000)
        jobs = {job.id: job.state for job in found}
        assert len(set(self.told.values())) == len(self.told)
        assert {jobs[id] for id in self.cancelled} == {JobState.CANCELLED}
        assert {jobs[id] for id in self.told.values()} <= {JobState.CANCELLED, JobState.DONE}
        assert sum(job.spec.budget.trials == VISITS_TRIALS for job in found) == len(self.told)


def kill_under_load(server: Server, service: Service, ids: list[int], chance: random.Random) -> None:
    """After some trials, at any moment; and starts it again a moment later."""
    before = sum(map(service.ended, ids))
    wait_for(lambda: sum(map(service.ended, ids)) >= before + FEWEST_BETWEEN, 120, "the searches go on by themselves")
    time.sleep(chance.uniform(0, 0.5))
    server.kill()
    time.sleep(chance.uniform(0, 1.5))
    server.start()


@pytest.mark.xdist_group("machine")
@pytest.mark.parametrize(("kills", "trials"), [(3, 12), pytest.param(10, 60, marks=pytest.mark.long)])
def test_a_postgresql_that_is_killed_under_load_loses_nothing(tmp_path: Path, kills: int, trials: int) -> None:
    chance, ids, left, started = random.Random(kills), list[int](), kills, time.monotonic()
    try:
        with postgres_server(keeps_its_word=True) as server:
            service = Service(tmp_path / "data", server.url)
            with service.running():
                wait_for(service.answers, 300, "the service answers")
                with Visitor(service) as visitor:
                    while left:
                        batch = one_of_each(service, trials, first_seed=len(ids))
                        ids += batch
                        with Watcher(service, batch) as watcher:
                            while left and not service.have_ended(batch):
                                kill_under_load(server, service, batch, chance)
                                left -= 1
                            service.wait_until_done(batch, 300)
                        assert watcher.seen == []
                        assert watcher.looks > 0
            told = (
                f"{kills} kills, {len(ids)} jobs of {trials} trials, {len(visitor.told)} jobs submitted and cancelled"
            )
            print(f"{told}, {visitor.refused} refusals, {time.monotonic() - started:.0f} s")  # noqa: T201
            assert visitor.told
            visitor.check()
            check_undisturbed(service, ids, trials)
            service.engine.dispose()
    except NoPostgres as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
