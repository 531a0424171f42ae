"""Any sequence of what may happen to jobs, done to a store and to a model of a few dictionaries: they never differ.

Submit, claim, propose, beat, commit (in time, late, twice), release, pause, resume, cancel, time that passes, crashes
of schedulers and restarts of the record, on a clock that the test turns.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, Engine, event

from service.domain.errors import Conflict, KeyReused, LeaseLost, NotFound, ServiceError
from service.domain.job import JobState, Lease
from service.domain.trial import Evaluation, TrialState
from service.ports import UnitOfWork
from service.store.engine import connect
from service.store.memory import MemoryUnitOfWork
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import Table
from service.usecases import jobs
from tests.builders import evaluated, failed, job_spec, proposal
from tests.postgres import postgres_or_skip

LEASE_S = 30.0
EPOCHS = (2, 6)
SPECS = {priority: job_spec(priority=priority) for priority in (-1, 0, 1)}
PROPOSALS = [proposal(number) for number in range(4)]
Q, R, P, D, F, C = (
    JobState.QUEUED,
    JobState.RUNNING,
    JobState.PAUSED,
    JobState.DONE,
    JobState.FAILED,
    JobState.CANCELLED,
)
MAY_BE_PAUSED, MAY_BE_RESUMED, MAY_BE_CANCELLED = {Q, R}, {P}, {Q, R, P}


class Clock:
    """Stands still unless it is turned."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def strftime(self, pattern: str, moment: str, change: str) -> str:
        """What SQLite's function of this name gives for `now`."""
        assert (pattern, moment) == ("%Y-%m-%d %H:%M:%f000", "now")
        then = self.now + timedelta(seconds=float(change.removesuffix(" seconds")))
        return then.strftime("%Y-%m-%d %H:%M:%S.%f")


@dataclass
class ModelJob:
    """What should be known of a job."""

    priority: int
    state: JobState = Q
    holder: str | None = None
    until: float = 0.0
    token: int = 0
    seconds_used: float = 0.0
    refused: int = 0
    trials: dict[int, tuple[TrialState, dict[int, str]]] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)


class LifeOfJobs(RuleBasedStateMachine):
    """`opened` gives the store to be tested, on a clock of the test's own, and a way to close and open it again."""

    opened: Callable[[Clock], tuple[UnitOfWork, Callable[[], None]]]

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.work, self.reopen = type(self).opened(self.clock)
        self.model: dict[int, ModelJob] = {}
        self.keys: dict[str, tuple[int, str]] = {}
        self.leases: list[Lease] = []
        self.driven: dict[str, set[int]] = {"a": set(), "b": set()}
        self.touched: set[int] = set()

    @property
    def seconds(self) -> float:
        return self.clock.now.timestamp()

    def same(self, act: Callable[[Any], Any], expected: type[ServiceError] | None) -> Any:
        """What `act` gives inside one transaction, which is refused exactly if the model expects it."""
        found, refused = None, None
        try:
            with self.work() as store:
                found = act(store)
        except ServiceError as error:
            refused = error
        assert type(refused) is (expected or type(None)), refused
        return found

    def lost(self, lease: Lease) -> bool:
        """Whether this lease no longer holds its job; then a write under it is counted."""
        job = self.model[lease.job_id]
        self.touched.add(lease.job_id)
        if job.holder is not None and job.token == lease.token:
            return False
        job.refused += 1
        return True

    @rule(
        priority=st.sampled_from(sorted(SPECS)), key=st.sampled_from([None, None, "k", "l"]), body=st.sampled_from("xy")
    )
    def submit(self, priority: int, key: str | None, body: str) -> None:
        known = self.keys.get(key) if key else None
        reused = KeyReused if known and known[1] != body else None
        made = self.same(lambda store: store.add_job(SPECS[priority], key, body), reused)
        if known is None:
            assert made.id not in self.model
            self.model[made.id] = ModelJob(priority)
            if key:
                self.keys[key] = made.id, body
        elif not reused:
            assert made.id == known[0]

    @rule(holder=st.sampled_from("ab"), above=st.sampled_from([None, None, -1, 0]))
    def claim(self, holder: str, above: int | None) -> None:
        open_to_it = [
            (-job.priority, id)
            for id, job in self.model.items()
            if id not in self.driven[holder]
            and (above is None or job.priority > above)
            and (job.state is Q or (job.state is R and (job.holder in (None, holder) or job.until <= self.seconds)))
        ]
        found = self.same(lambda store: store.claim_job(holder, LEASE_S, list(self.driven[holder]), above), None)
        if not open_to_it:
            assert found is None
            return
        job, lease = found
        assert job.id == min(open_to_it)[1]
        model = self.model[job.id]
        assert lease == Lease(job.id, holder, model.token + 1)
        model.state, model.holder, model.token, model.until = R, holder, lease.token, self.seconds + LEASE_S
        self.leases.append(lease)
        self.driven[holder].add(job.id)
        self.touched.add(job.id)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), seconds=st.floats(0, 100))
    def beat(self, data: st.DataObject, seconds: float) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        lost = self.lost(lease)
        job = self.same(lambda store: store.beat(lease, LEASE_S, seconds), LeaseLost if lost else None)
        if not lost:
            model = self.model[lease.job_id]
            model.until, model.seconds_used = self.seconds + LEASE_S, seconds
            assert job.state is model.state

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), number=st.integers(0, len(PROPOSALS) - 1))
    def propose(self, data: st.DataObject, number: int) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        trials = self.model[lease.job_id].trials
        refused = LeaseLost if self.lost(lease) else Conflict if number in trials else None
        self.same(lambda store: store.add_trial(lease, PROPOSALS[number]), refused)
        if refused is None:
            trials[number] = TrialState.PROPOSED, {}

    @precondition(lambda self: self.leases)
    @rule(
        data=st.data(),
        number=st.integers(0, len(PROPOSALS) - 1),
        epochs=st.sampled_from(EPOCHS),
        after=st.sampled_from(sorted(TrialState)),
    )
    def commit(self, data: st.DataObject, number: int, epochs: int, after: TrialState) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        trials = self.model[lease.job_id].trials
        report = failed(epochs) if after is TrialState.FAILED else evaluated(epochs)
        refused: type[ServiceError] | None = None
        if self.lost(lease):
            refused = LeaseLost
        elif number not in trials:
            refused = NotFound
        elif epochs not in trials[number][1] and not _may_follow(trials[number][0], after):
            refused = Conflict
        new = self.same(lambda store: store.add_evaluation(lease, number, Evaluation(report), after), refused)
        if refused is None:
            _, results = trials[number]
            assert new == (epochs not in results)
            if new:
                trials[number] = after, {**results, epochs: type(report).__name__}

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), number=st.integers(0, len(PROPOSALS) - 1))
    def a_worker_crashes(self, data: st.DataObject, number: int) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        model = self.model[lease.job_id]
        refused = LeaseLost if self.lost(lease) else None if number in model.trials else NotFound
        attempts = self.same(lambda store: store.add_attempt(lease, number), refused)
        if refused is None:
            model.attempts[number] += 1
            assert attempts == model.attempts[number]

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), to=st.sampled_from([R, D, F]), seconds=st.floats(0, 100))
    def release(self, data: st.DataObject, to: JobState, seconds: float) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        lost = self.lost(lease)
        job = self.same(lambda store: store.release(lease, to, seconds), LeaseLost if lost else None)
        self.driven[lease.holder].discard(lease.job_id)
        if not lost:
            model = self.model[lease.job_id]
            model.holder, model.seconds_used = None, seconds
            model.state = to if model.state is R else model.state
            assert job.state is model.state

    @precondition(lambda self: self.model)
    @rule(data=st.data(), wish=st.sampled_from(["pause", "resume", "cancel"]))
    def move(self, data: st.DataObject, wish: str) -> None:
        id = data.draw(st.sampled_from(sorted(self.model)))
        act, allowed, to = {
            "pause": (jobs.pause, MAY_BE_PAUSED, P),
            "resume": (jobs.resume, MAY_BE_RESUMED, Q),
            "cancel": (jobs.cancel, MAY_BE_CANCELLED, C),
        }[wish]
        self.touched.add(id)
        if self.model[id].state in allowed:
            assert act(id, self.work).state is to
            self.model[id].state = to
            if to is C:
                self.model[id].holder = None
        else:
            with pytest.raises(Conflict):
                act(id, self.work)

    @rule(seconds=st.sampled_from([1, 10, 29, 30, 31]))
    def time_passes(self, seconds: int) -> None:
        self.clock.now += timedelta(seconds=seconds)

    @rule(holder=st.sampled_from("ab"))
    def a_scheduler_dies(self, holder: str) -> None:
        self.driven[holder].clear()

    @rule()
    def the_record_is_opened_again(self) -> None:
        self.reopen()

    @invariant()
    def what_was_touched_is_as_the_model_says(self) -> None:
        for id in self.touched:
            self.compare(id)
        self.touched.clear()

    def teardown(self) -> None:
        for id in self.model:
            self.compare(id)

    def compare(self, id: int) -> None:
        model = self.model[id]
        with self.work() as store:
            job, trials = store.job(id), store.trials(id)
        assert (job.state, job.refused, job.seconds_used) == (model.state, model.refused, model.seconds_used)
        assert (job.finished_at is not None) == (model.state in (D, F, C))
        found = {
            trial.number: (
                trial.state,
                {each.report.fidelity: type(each.report).__name__ for each in trial.evaluations},
            )
            for trial in trials
        }
        assert found == model.trials


def _may_follow(before: TrialState, after: TrialState) -> bool:
    return before is TrialState.PROPOSED or before is after is TrialState.DONE


def _in_memory(clock: Clock) -> tuple[UnitOfWork, Callable[[], None]]:
    return MemoryUnitOfWork(lambda: clock.now), lambda: None


@contextmanager
def _in_sqlite() -> Iterator[Callable[[Clock], tuple[UnitOfWork, Callable[[], None]]]]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        engine = connect(f"sqlite:///{folder}/record.db")
        clocks = [Clock()]

        @event.listens_for(engine, "connect")
        def on_our_clock(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA synchronous = OFF")
            connection.create_function("strftime", 3, lambda *given: clocks[0].strftime(*given))

        upgrade(engine)

        yield _opened_anew(engine, clocks)
        engine.dispose()


@contextmanager
def _in_postgres() -> Iterator[Callable[[Clock], tuple[UnitOfWork, Callable[[], None]]]]:
    with postgres_or_skip() as url:
        engine = connect(url)
        clocks = [Clock()]
        upgrade(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(OUR_CLOCK_TIMESTAMP)

        @event.listens_for(engine, "begin")
        def on_our_clock(connection: Connection) -> None:
            connection.exec_driver_sql("SET LOCAL search_path = public, pg_catalog")  # what is ours comes first
            connection.exec_driver_sql(f"SET LOCAL cellsmith.now = '{clocks[0].now.isoformat()}'")

        yield _opened_anew(engine, clocks)
        engine.dispose()


OUR_CLOCK_TIMESTAMP = (
    "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE "
    "AS 'SELECT current_setting(''cellsmith.now'')::timestamptz'"
)


def _opened_anew(engine: Engine, clocks: list[Clock]) -> Callable[[Clock], tuple[UnitOfWork, Callable[[], None]]]:
    """What empties the record for each run, and puts the run's clock in the place of the one before."""

    def opened(clock: Clock) -> tuple[UnitOfWork, Callable[[], None]]:
        clocks[0] = clock
        _empty(engine)
        return SqlUnitOfWork(engine), engine.dispose

    return opened


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())


RUNS = [300, pytest.param(20_000, marks=pytest.mark.long)]


def _run(opened: Callable[[Clock], tuple[UnitOfWork, Callable[[], None]]], runs: int) -> None:
    machine = type("LifeOfJobs", (LifeOfJobs,), {"opened": staticmethod(opened)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=50,
            deadline=None,
            derandomize=runs <= 300,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.parametrize("runs", RUNS)
def test_the_store_in_memory_does_what_the_model_does(runs: int) -> None:
    _run(_in_memory, runs)


@pytest.mark.parametrize("runs", RUNS)
def test_sqlite_does_what_the_model_does(runs: int) -> None:
    with _in_sqlite() as opened:
        _run(opened, runs)


@pytest.mark.parametrize("runs", [30, pytest.param(2_000, marks=pytest.mark.long)])
def test_postgresql_does_what_the_model_does(runs: int) -> None:
    with _in_postgres() as opened:
        _run(opened, runs)
