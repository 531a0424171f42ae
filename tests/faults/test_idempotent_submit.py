"""Every job is submitted five times at once while the API is killed again and again: there is exactly one of each."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cellsmith.client import Client
from cellsmith.errors import ApiError, Unreachable
from tests.faults.killing import Service, a_job
from tests.processes import wait_for

COPIES = 5
LONGEST_S = 600.0


def submitted(client: Client, key: int) -> int:
    """The job of this key, asked for until there is an answer."""
    deadline = time.monotonic() + LONGEST_S
    while True:
        try:
            return int(client.submit(a_job(key, 10), idempotency_key=f"key-{key}")["id"])
        except (Unreachable, ApiError) as error:
            if isinstance(error, ApiError) and error.status not in (409, 503):
                raise
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize(("keys", "kills"), [(100, 5), pytest.param(1000, 50, marks=pytest.mark.long)])
def test_each_key_makes_one_job_whatever_is_killed(tmp_path: Path, keys: int, kills: int) -> None:
    service = Service(tmp_path / "data")
    answered, ending = threading.Semaphore(0), threading.Event()

    def keep_alive() -> None:
        """Each API lives until so many answers have come."""
        for _ in range(kills):
            with service.running("api") as process:
                for _ in range(keys * COPIES // (kills + 1)):
                    answered.acquire()
                process.kill()
        with service.running("api"):
            ending.wait()

    def ask(key: int) -> tuple[int, int]:
        id = submitted(client, key)
        answered.release()
        return key, id

    asked = [key for key in range(keys) for _ in range(COPIES)]
    # Copies come close together, and not in order.
    asked.sort(key=lambda key: key + random.Random(key).uniform(0, 3))
    keeper = threading.Thread(target=keep_alive)
    keeper.start()
    try:
        with service.client as client, ThreadPoolExecutor(COPIES) as pool:
            made = set(pool.map(ask, asked))
        wait_for(service.answers, 60, "the last API answers")
        with service.client as client:
            assert len(made) == len({id for _, id in made}) == keys
            assert {job["id"] for job in client.jobs()} == {id for _, id in made}
            with pytest.raises(ApiError) as refusal:
                client.submit(a_job(0, 11), idempotency_key="key-0")
            assert refusal.value.status == 422
    finally:
        ending.set()
        for _ in range(keys * COPIES):
            answered.release()
        keeper.join(60)
