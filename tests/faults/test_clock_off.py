"""Clocks of machines that do not agree: every one that works for the service may be an hour off the database's.

Only how they differ can matter, so it is the database whose clock is set: it gives our statements another time than the
machine's, which API, scheduler, Ray and workers live by.
"""

from __future__ import annotations

import ast
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from service.domain.job import JobState
from service.store.engine import connect
from service.store.sql import SqlUnitOfWork
from service.store.tables import EvaluationRow, JobRow
from tests.faults.killing import Service, Watcher
from tests.faults.undisturbed import check_undisturbed, one_of_each
from tests.postgres import postgres_or_skip
from tests.processes import ROOT, wait_for

HOUR = timedelta(hours=1)
TIME_OF_DAY = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def set_clock(engine: Engine, ahead: timedelta) -> None:
    """PostgreSQL's clock_timestamp(), which leases and records are timed by, runs so far ahead from now on."""
    with engine.begin() as connection:
        connection.execute(
            text(f"""CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
            $$ SELECT pg_catalog.clock_timestamp() + make_interval(secs => {ahead.total_seconds()}) $$""")
        )
        connection.execute(text("ALTER DATABASE postgres SET search_path = public, pg_catalog"))
    engine.dispose()


@pytest.mark.xdist_group("machine")
@pytest.mark.long
@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_leases_hold_and_records_are_right_where_no_clock_agrees_with_the_database(
    tmp_path: Path, ahead: timedelta
) -> None:
    with postgres_or_skip() as url:
        set_clock(connect(url), ahead)
        service = Service(tmp_path / "data", url)
        work, meanwhile = SqlUnitOfWork(service.engine), datetime.now(UTC)
        with service.running():
            wait_for(service.answers, 300, "the service answers")
            ids = one_of_each(service, trials=10)
            with Watcher(service, ids) as watcher:
                wait_for(lambda: all(service.state(id) is not JobState.QUEUED for id in ids[:2]), 120, "two are driven")
                while not service.have_ended(ids[:2]):
                    with work() as store:
                        claimed = store.claim_job("another scheduler", 1, driving=ids[2:])
                    assert claimed is None, "a live lease was taken over"
                    time.sleep(0.1)
                service.wait_until_done(ids, 300)
            assert watcher.seen == []
        check_undisturbed(service, ids, 10)
        with service.engine.begin() as connection:
            told = connection.execute(select(JobRow.created_at, JobRow.started_at, JobRow.finished_at)).all()
            recorded = connection.execute(select(EvaluationRow.recorded_at)).scalars().all()
            assert set(connection.execute(select(JobRow.refused)).scalars()) == {0}
        service.engine.dispose()
    moments = [each for row in told for each in row] + list(recorded)
    longest = datetime.now(UTC) - meanwhile
    assert all(timedelta(0) <= each - ahead - meanwhile <= longest for each in moments), "one clock alone is told of"


def test_nobody_but_the_database_looks_at_the_time_of_day() -> None:
    """So clocks of two machines cannot be compared; the record in memory, which is for one process, has its own."""
    found = [
        f"{file.relative_to(ROOT)}: {ast.unparse(node)}"
        for part in ("api", "service", "workers", "search_space")
        for file in sorted((ROOT / part).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in TIME_OF_DAY
    ]
    assert found == ["service/store/memory.py: datetime.now"]
