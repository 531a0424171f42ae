"""Kill -9 of any process of a running service, again and again: nothing is lost, doubled or half-written.

And nothing is different: each search becomes what it would have been without interruption, to the last bit.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.faults.killing import PARTS, Service, Watcher, a_job
from tests.faults.undisturbed import check_undisturbed, one_of_each
from tests.processes import wait_for

SHARES = {"evaluation": 0.45, "worker": 0.12, "scheduler": 0.02, "raylet": 0.02}  # of the kills; the rest is the API's
FEWEST_BETWEEN = 4  # trials ended between two kills, save the API's: some of the searches get on
MOST_AHEAD = 0.1  # of its kills
LASTING = ("api", "scheduler", "raylet")  # workers are there as long as there is work, which ended: they came back


class Killer:
    """Kills parts of a service in a chance order, mostly those that are back soon; each of them at least once.

    One that is not back yet is left for later, so that some die while others begin; yet no part gets far ahead.
    """

    def __init__(self, service: Service, kills: int) -> None:
        self._service = service
        self._chance = random.Random(kills)
        self._wanted = {part: max(1, round(share * kills)) for part, share in SHARES.items()}
        self._wanted["api"] = kills - sum(self._wanted.values())
        self.done: dict[str, int] = dict.fromkeys(PARTS, 0)
        self._ended_before = 0

    @property
    def left(self) -> int:
        """How many are still to come."""
        return sum(self._wanted.values()) - sum(self.done.values())

    def kill_one(self, ended: int) -> None:
        """The next one that is there and may be killed; `ended` trials have ended so far."""
        shares = {part: self.done[part] / wanted for part, wanted in self._wanted.items()}
        furthest = min(1.0, min(shares.values()) + MOST_AHEAD)
        for part in self._chance.sample(PARTS, len(PARTS)):
            soon = ended < self._ended_before + FEWEST_BETWEEN
            early = part != "api" and (soon or self._service.is_on_a_last_attempt())
            if shares[part] < furthest and not early and self._service.kill(part, self._chance.random()):
                self.done[part] += 1
                if part != "api":
                    self._ended_before = ended
                break
        time.sleep(self._chance.uniform(0.1, 0.6))


@pytest.mark.xdist_group("kills")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("kills", "trials"), [(30, 50), *(pytest.param(*case, marks=pytest.mark.long) for case in ((20, 200), (500, 200)))]
)
def test_whatever_is_killed_the_record_is_whole_and_the_searches_are_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, kills: int, trials: int
) -> None:
    url = "" if database == "sqlite" else request.getfixturevalue("an_empty_postgres")
    service = Service(tmp_path / "data", url)
    killer, ids, started = Killer(service, kills), list[int](), time.monotonic()
    with service.running():
        while killer.left:
            wait_for(service.answers, 300, "the service answers")
            batch = one_of_each(service, trials, first_seed=len(ids))
            ids += batch
            with Watcher(service, batch) as watcher:
                while killer.left and not service.have_ended(batch):
                    killer.kill_one(sum(service.ended(id) for id in ids))
                service.wait_until_done(batch, 900)
            assert watcher.seen == []
            assert watcher.looks > 0
        wait_for(lambda: service.answers() and all(map(service.processes, LASTING)), 300, "all parts are back")
    told = f"{database}: {killer.done}, {len(ids)} jobs of {trials} trials, {time.monotonic() - started:.0f} s"
    print(told)  # noqa: T201
    assert sum(killer.done.values()) == kills
    check_undisturbed(service, ids, trials)


@pytest.mark.long
@pytest.mark.xdist_group("kills")
def test_each_part_is_back_at_work_after_a_kill(tmp_path: Path) -> None:
    """How soon, `benchmarks.recovery` measures."""
    service = Service(tmp_path / "data")
    with service.running():
        wait_for(service.answers, 300, "the service answers")
        with service.client as client:
            id = client.submit(a_job(0, 10_000, sampler={"name": "random", "lag": 8}))["id"]
        for part in PARTS:
            service.back_after_a_kill(part, id)
        with service.client as client:
            client.move(id, "cancel")
