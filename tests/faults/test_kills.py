"""Kill -9 of any process of a running service, again and again: nothing is lost, doubled or half-written.

And nothing is different: each search becomes what it would have been without interruption, to the last bit.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from service.dispatch.inline import InlineDispatcher
from service.domain.trial import Trial
from service.store.memory import MemoryUnitOfWork
from tests import fakes
from tests.fakes import a_search
from tests.faults.killing import Service, Watcher, a_job
from tests.processes import wait_for

PARTS, WEIGHTS = ("api", "worker", "scheduler", "raylet"), (60, 34, 4, 2)
SAMPLERS = ("random", "evolution", "nsga2", "default")
FEWEST_BETWEEN = 4  # trials ended between two kills of a worker: one that kills three workers is given up, rightly


class Killer:
    """Kills parts of a service by chance, mostly those that are back soon; each of them at least once."""

    def __init__(self, service: Service, kills: int) -> None:
        self._service = service
        self._chance = random.Random(kills)
        self.left = [*PARTS, *self._chance.choices(PARTS, WEIGHTS, k=kills - len(PARTS))]
        self._chance.shuffle(self.left)
        self.done: dict[str, int] = dict.fromkeys(PARTS, 0)
        self._ended_before = -FEWEST_BETWEEN

    def kill_one(self, ended: int) -> None:
        """The next one, where it is there and may be killed again; `ended` trials have ended so far."""
        part = self.left[-1]
        if part != "api" and ended < self._ended_before + FEWEST_BETWEEN:
            self._chance.shuffle(self.left)
        elif self._service.kill(part, self._chance.random()):
            self.done[self.left.pop()] += 1
            if part != "api":
                self._ended_before = ended
        time.sleep(self._chance.uniform(0.1, 0.6))


def story(trials: list[Trial]) -> list[tuple[object, ...]]:
    return [
        (
            trial.number,
            trial.proposal.genotype.key,
            trial.state,
            [(each.report.fidelity, getattr(each.report, "accuracy", None)) for each in trial.evaluations],
        )
        for trial in trials
    ]


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
@pytest.mark.parametrize(("kills", "trials"), [(12, 30), pytest.param(500, 200, marks=pytest.mark.long)])
def test_whatever_is_killed_the_record_is_whole_and_the_searches_are_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, kills: int, trials: int
) -> None:
    url = "" if database == "sqlite" else request.getfixturevalue("an_empty_postgres")
    service = Service(tmp_path / "data", url)
    killer, ids = Killer(service, kills), list[int]()
    with service.running():
        while killer.left:
            wait_for(service.answers, 300, "the service answers")
            batch: list[int] = []
            for sampler in SAMPLERS:
                seed = len(ids) + len(batch)
                with service.client as client:
                    job = a_job(seed, trials, sampler={"name": sampler, "lag": 8})
                    batch.append(client.submit(job, idempotency_key=str(seed))["id"])
            ids += batch
            with Watcher(service, batch) as watcher:
                while killer.left and not service.have_ended(batch):
                    killer.kill_one(sum(ended(service, id) for id in ids))
                service.wait_until_done(batch, 900)
            assert watcher.seen == []
            assert watcher.looks > 0
    print(f"{database}: {killer.done}, {len(ids)} jobs of {trials} trials")  # noqa: T201
    assert sum(killer.done.values()) == kills
    service.check(ids, trials)
    for id in ids:
        with service.reading() as store:
            undisturbed = a_search(store.job(id).spec, MemoryUnitOfWork())
        InlineDispatcher(fakes.evaluate).run(undisturbed)
        assert story(service.trials(id)) == story(list(undisturbed.trials))


@pytest.mark.xdist_group("service")
def test_each_part_is_back_at_work_in_time(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    with service.running():
        wait_for(service.answers, 300, "the service answers")
        with service.client as client:
            id = client.submit(a_job(0, 10_000, sampler={"name": "random", "lag": 8}))["id"]
        took = {}
        for part in PARTS:
            wait_for(lambda: ended(service, id) >= 4 and bool(service.processes(part)), 300, f"a {part}")  # noqa: B023
            before = set(service.processes(part))
            killed = time.monotonic()
            assert service.kill(part)
            wait_for(lambda: bool(set(service.processes(part)) - before), 300, f"a new {part}")  # noqa: B023
            if part == "api":
                wait_for(service.answers, 300, "the API answers")
            done = ended(service, id)
            wait_for(lambda: ended(service, id) >= done + 3, 300, f"trials after a kill of the {part}")  # noqa: B023
            took[part] = time.monotonic() - killed
        with service.client as client:
            client.move(id, "cancel")
    print("back at work after", {part: f"{seconds:.1f} s" for part, seconds in took.items()})  # noqa: T201


def ended(service: Service, id: int) -> int:
    return sum(trial.ended for trial in service.trials(id))
