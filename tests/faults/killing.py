"""A running service, its processes by their parts, and what it has acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, bindparam, select

from cellsmith.client import Client
from cellsmith.errors import ApiError, Unreachable
from service.domain.errors import Unavailable
from service.domain.job import ENDED, JobState
from service.domain.trial import Trial, TrialState
from service.leftovers import MARK
from service.search import MOST_ATTEMPTS
from service.store.clock import now
from service.store.engine import connect
from service.store.sql import SqlUnitOfWork
from service.store.tables import EvaluationRow, JobRow, TrialRow
from tests.faults.quick_service import LEDGER
from tests.processes import ROOT, free_port, wait_for

PROGRAM = "tests.faults.quick_service"
LONGEST_WITHOUT_LEASE_S = 60.0
LONGEST_AWAY_S = 300.0
PARTS = ("api", "evaluation", "worker", "scheduler", "raylet")
# In SQL, since they are asked for many times a second beside the service.
ON_A_LAST_ATTEMPT = (
    select(TrialRow.id).where(TrialRow.state == TrialState.PROPOSED, TrialRow.attempts >= MOST_ATTEMPTS - 1).limit(1)
)
LEASED = select(JobRow.id).where(JobRow.id == bindparam("job"), JobRow.lease_until > now())
FINISHED = (
    select(TrialRow.number, TrialRow.__table__, EvaluationRow.__table__)
    .outerjoin_from(TrialRow, EvaluationRow, EvaluationRow.trial_id == TrialRow.id)
    .where(TrialRow.job_id == bindparam("job"), TrialRow.state != TrialState.PROPOSED)
    .order_by(EvaluationRow.id)
)


@dataclass
class Service:
    """`python -m tests.faults.quick_service` on a folder of its own."""

    folder: Path
    database_url: str = ""
    beat_seconds: float = 1.0
    lease_seconds: float = 3.0
    port: int = field(default_factory=free_port)

    ledger: Path = Path()

    def __post_init__(self) -> None:
        self.ledger = self.ledger if self.ledger.name else self.folder / "ledger"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database_url = self.database_url or f"sqlite:///{self.folder / 'cellsmith.db'}"
        self.engine: Engine = connect(self.database_url)
        self.reading = SqlUnitOfWork(self.engine, read_only=True)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @contextmanager
    def running(self, part: str = "all") -> Iterator[subprocess.Popen[bytes]]:
        """The service, or a part of it, until the end of this context."""
        settings = {
            "DATA_DIR": self.folder,
            "DATABASE_URL": self.database_url,
            "PORT": self.port,
            "WORKERS": 2,
            "BEAT_SECONDS": self.beat_seconds,
            "LEASE_SECONDS": self.lease_seconds,
        }
        environment = os.environ | {f"CELLSMITH_{name}": str(value) for name, value in settings.items()}
        environment |= {LEDGER: str(self.ledger), "PYTHONPATH": f"{ROOT}:{ROOT / 'client'}"}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM, part], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.engine.dispose()

    @property
    def client(self) -> Client:
        return Client(f"http://127.0.0.1:{self.port}", timeout_s=10)

    def answers(self) -> bool:
        try:
            with self.client as client:
                next(client.jobs(), None)
        except (ApiError, Unreachable):
            return False
        return True

    def processes(self, part: str) -> list[int]:
        """Those of `part`, one of PARTS: a worker at work, and the child of a worker that does an evaluation."""
        found = []
        mark = f"{MARK}={self.folder.resolve()}".encode()
        own = f"CELLSMITH_DATA_DIR={self.folder}".encode()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode().split()
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            line = " ".join(words)
            at_work = line.startswith("ray::") and "train" in line
            is_part = {
                "api": line.endswith(f"{PROGRAM} api"),
                "scheduler": line.endswith(f"{PROGRAM} scheduler"),
                "worker": at_work and _command(parent).endswith("raylet"),
                "evaluation": at_work and _command(parent).startswith("ray::"),
                "raylet": bool(words) and words[0].endswith("/raylet"),
            }[part]
            if is_part and (own in environment or mark in environment):
                found.append(int(process.name))
        return found

    def kill(self, part: str, chance: float = 0.0) -> bool:
        """Kill -9 of one process of `part`; whether there was one."""
        found = self.processes(part)
        if not found:
            return False
        try:
            os.kill(found[int(chance * len(found))], signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def back_after_a_kill(self, part: str, id: int) -> float:
        """Kills one of `part` while job `id` runs: seconds until another is there and three more trials have ended."""
        goes_on = self.ended(id) + 4
        wait_for(lambda: self.ended(id) >= goes_on and bool(self.processes(part)), LONGEST_AWAY_S, f"a {part} at work")
        before, killed = set(self.processes(part)), time.monotonic()
        assert self.kill(part), f"no {part} to kill"
        wait_for(lambda: bool(set(self.processes(part)) - before), LONGEST_AWAY_S, f"a new {part}")
        if part == "api":
            wait_for(self.answers, LONGEST_AWAY_S, "the API answers")
        goes_on = self.ended(id) + 3
        wait_for(lambda: self.ended(id) >= goes_on, LONGEST_AWAY_S, f"trials after a kill of the {part}")
        return time.monotonic() - killed

    def trials(self, id: int) -> list[Trial]:
        with self.reading() as store:
            return store.trials(id)

    def ended(self, id: int) -> int:
        """How many trials of the job have ended."""
        with self.reading() as store:
            return sum(course.state is not TrialState.PROPOSED for course in store.courses(id))

    def is_on_a_last_attempt(self) -> bool:
        """Whether a trial under way is given up, rightly, if its worker dies once more."""
        with self.reading() as store:
            return store._connection.execute(ON_A_LAST_ATTEMPT).first() is not None

    def state(self, id: int) -> JobState:
        with self.reading() as store:
            return store.job(id).state

    def have_ended(self, ids: list[int]) -> bool:
        try:
            return all(self.state(id) in ENDED for id in ids)
        except Unavailable:
            return False

    def wait_until_done(self, ids: list[int], seconds: float) -> None:
        wait_for(lambda: self.have_ended(ids), seconds, f"jobs {ids}")

    def check(self, ids: list[int], trials: int) -> None:
        """Lost 0, doubled 0, half-written 0, wrong final states 0."""
        for id in ids:
            found = self.trials(id)
            assert self.state(id) is JobState.DONE, f"job {id} is {self.state(id)}"
            assert [trial.number for trial in found] == list(range(trials)), "the budget is exact"
            assert all(trial.ended and trial.failure is None for trial in found), [t.failure for t in found]
        self.check_record(ids)

    def check_record(self, ids: list[int]) -> None:
        """What was acknowledged is recorded, once, and what is recorded is what the evaluations gave."""
        recorded = {
            (id, trial.number, each.report.fidelity): each.report.accuracy  # type: ignore[union-attr]
            for id in ids
            for trial in self.trials(id)
            for each in trial.evaluations
        }
        for (id, number, fidelity), accuracy in recorded.items():
            value = int(self.trials_by_number(id)[number].proposal.genotype.key[:8], 16) / 0xFFFFFFFF
            assert accuracy == (0.3 + 0.7 * value) * fidelity / (fidelity + 1), "half-written"
        acknowledged = [line.split() for line in self.ledger.read_text().splitlines()]
        counted = Counter((int(id), int(number), int(fidelity)) for id, number, fidelity, _ in acknowledged)
        assert not [spot for spot, times in counted.items() if times > 1], "acknowledged twice"
        for job, number_, fidelity_, told in acknowledged:
            assert recorded[int(job), int(number_), int(fidelity_)] == float(told), "lost or changed"

    def trials_by_number(self, id: int) -> dict[int, Trial]:
        if not hasattr(self, "_kept"):
            self._kept: dict[int, dict[int, Trial]] = {}
        if id not in self._kept:
            self._kept[id] = {trial.number: trial for trial in self.trials(id)}
        return self._kept[id]


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


class Watcher:
    """Looks five times a second; `seen` is what should never have been."""

    def __init__(self, service: Service, ids: list[int]) -> None:
        self.seen: list[str] = []
        self.looks = 0
        self._service = service
        self._ids = ids
        self._finished: dict[tuple[int, int], list[object]] = {}
        self._ended: dict[int, JobState] = {}
        self._without_lease: dict[int, float] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(30)

    def _watch(self) -> None:
        while not self._ending.wait(0.2):
            try:
                self._look()
                self.looks += 1
            except Unavailable:
                continue
            except Exception as error:  # noqa: BLE001  # outermost step of a thread: who saw nothing more must say so
                self.seen.append(f"the watcher could not look: {error!r}")
                return

    def _look(self) -> None:
        for id in self._ids:
            with self._service.reading() as store:
                job = store.job(id)
                rows = store._connection.execute(FINISHED, {"job": id}).all()
                has_lease = store._connection.execute(LEASED, {"job": id}).first() is not None
            finished: defaultdict[int, list[object]] = defaultdict(list)
            for number, *values in rows:
                finished[number].append(values)
            for number, trial in finished.items():
                if self._finished.setdefault((id, number), trial) != trial:
                    self.seen.append(f"trial {number} of job {id} has changed")
            if gone := [number for of, number in self._finished if of == id and number not in finished]:
                self.seen.append(f"trials {gone} of job {id} are not finished any more")
            if job.state in ENDED and self._ended.setdefault(id, job.state) is not job.state:
                self.seen.append(f"job {id} has changed")
            if has_lease or job.state is not JobState.RUNNING:
                self._without_lease[id] = time.monotonic()
            elif time.monotonic() - self._without_lease.setdefault(id, time.monotonic()) > LONGEST_WITHOUT_LEASE_S:
                self.seen.append(f"job {id} runs without a lease")


def a_job(seed: int, trials: int, **changes: object) -> dict[str, object]:
    """The body of a search whose scores no measurement decides."""
    job: dict[str, object] = {
        "dataset": "digits",
        "seed": seed,
        "objectives": [{"metric": "accuracy"}, {"metric": "params"}],
        "sampler": {"name": "random", "lag": 4},
        "budget": {"trials": trials, "seconds": 36_000},
    }
    return job | changes
