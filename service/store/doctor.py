"""What may be wrong with a record, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, or_, select, text

from service.domain.errors import Conflict, WrongSchema
from service.domain.job import JobState
from service.store.clock import now
from service.store.engine import reading
from service.store.jobs import JobRecords
from service.store.migrate import check
from service.store.sqlite_file import damage, path_of
from service.store.tables import JobRow


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and the remedy."""

    what: str
    remedy: str


RESTORE = "This never happens by itself. Restore a backup: `python -m service restore FILE --replace`."
UPDATE = "Update Cellsmith, if a newer one has written it; otherwise restore a backup."
START = "Start a scheduler: `python -m service scheduler`. It takes the job up where it was."

# Each gives (job, trial) or (job, ) of what is wrong, in words that both databases understand.
HALF_WRITTEN = {
    "Trial {1} of job {0} has ended without an evaluation.": """
        SELECT job_id, number FROM trials WHERE state <> 'proposed'
        AND NOT EXISTS (SELECT 1 FROM evaluations WHERE evaluations.trial_id = trials.id)""",
    "Trial {1} of job {0} is done without weights.": """
        SELECT job_id, number FROM trials WHERE state = 'done' AND NOT EXISTS (
            SELECT 1 FROM evaluations JOIN weights ON weights.evaluation_id = coalesce(reused_from, evaluations.id)
            WHERE evaluations.trial_id = trials.id)""",
    "Trial {1} of job {0} has failed without a reason.": """
        SELECT job_id, number FROM trials WHERE state = 'failed' AND NOT EXISTS (
            SELECT 1 FROM evaluations WHERE evaluations.trial_id = trials.id AND failure IS NOT NULL)""",
    "Trial {1} of job {0} has an evaluation that is neither a result nor a failure.": """
        SELECT trials.job_id, number FROM evaluations JOIN trials ON trials.id = trial_id
        WHERE failure IS NULL
        AND (accuracy IS NULL OR latency IS NULL OR latency_ms IS NULL OR params IS NULL OR macs IS NULL)""",
    "Trials of job {0} are missing between others.": """
        SELECT job_id, 0 FROM trials GROUP BY job_id HAVING count(*) <> max(number) + 1""",
    "Job {0} is done, but trial {1} has not ended.": """
        SELECT job_id, number FROM trials JOIN jobs ON jobs.id = job_id
        WHERE jobs.state = 'done' AND trials.state = 'proposed'""",
    "Job {0} has ended, but is held by a scheduler.": """
        SELECT id, 0 FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND lease_holder IS NOT NULL""",
}
MOST_TOLD = 5


def examine(engine: Engine) -> Iterator[Finding]:
    """Everything that is wrong with the record; nothing is changed."""
    if engine.dialect.name == "sqlite" and (found := damage(path_of(engine.url))):
        yield Finding(f"The file of the database is damaged: {found}", RESTORE)
        return
    try:
        check(engine)
    except WrongSchema as error:
        yield Finding(str(error), "Nothing else was looked at.")
        return
    with reading(engine).begin() as connection:
        if connection.dialect.name == "sqlite":
            yield from _damaged(connection)
        yield from _orphaned(connection)
        yield from _unreadable(connection)
        for what, query in HALF_WRITTEN.items():
            rows = connection.execute(text(query)).all()
            for row in rows[:MOST_TOLD]:
                yield Finding(what.format(*row), RESTORE)
            if len(rows) > MOST_TOLD:
                yield Finding(f"There are {len(rows) - MOST_TOLD} more like the last.", RESTORE)


def _damaged(connection: Connection) -> Iterator[Finding]:
    """SQLite's own word on its file."""
    for (line,) in connection.execute(text(f"PRAGMA integrity_check({MOST_TOLD})")):
        if line != "ok":
            yield Finding(f"The file of the database is damaged: {line}", RESTORE)
    for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
        yield Finding(f"Row {row} of {table} belongs to nothing in {parent}.", RESTORE)


def _orphaned(connection: Connection) -> Iterator[Finding]:
    """Running jobs that nobody drives."""
    query = select(JobRow.id, JobRow.lease_holder).where(JobRow.state == JobState.RUNNING).order_by(JobRow.id)
    silent = or_(JobRow.lease_holder.is_(None), JobRow.lease_until <= now())
    for job, holder in connection.execute(query.where(silent)):
        who = f"{holder}, which held it, is silent for longer than its lease" if holder else "nobody holds it"
        yield Finding(f"Job {job} is running, but {who}.", START)


def _unreadable(connection: Connection) -> Iterator[Finding]:
    """Jobs that no list shows and no scheduler drives."""
    records = JobRecords(connection)
    for id in connection.execute(select(JobRow.id).order_by(JobRow.id)).scalars().all():
        try:
            records.job(id)
        except Conflict as error:
            yield Finding(str(error), UPDATE)
