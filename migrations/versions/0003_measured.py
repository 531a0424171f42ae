"""What a front is made of stands in columns beside the job: it is read without the rest of an evaluation.

Revision 0003, after 0002.
"""

from __future__ import annotations

import json
from statistics import median

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 1000


def upgrade() -> None:
    op.add_column("evaluations", sa.Column("job_id", sa.Integer()))
    op.add_column("evaluations", sa.Column("latency_ms", sa.Double()))
    connection = op.get_bind()
    connection.execute(
        sa.text("UPDATE evaluations SET job_id = (SELECT job_id FROM trials WHERE trials.id = evaluations.trial_id)")
    )
    _fill_latencies(connection)
    op.create_index("ix_evaluations_job_id_id", "evaluations", ["job_id", "id"])


def _fill_latencies(connection: sa.Connection) -> None:
    last = 0
    page = sa.text("SELECT id, latency FROM evaluations WHERE id > :last ORDER BY id LIMIT :batch")
    while rows := connection.execute(page, {"last": last, "batch": BATCH}).all():
        last = rows[-1].id
        told = [(row.id, json.loads(row.latency) if isinstance(row.latency, str) else row.latency) for row in rows]
        medians = [{"id": id, "median": median(latency["samples_ms"])} for id, latency in told if latency]
        if medians:
            connection.execute(sa.text("UPDATE evaluations SET latency_ms = :median WHERE id = :id"), medians)


def downgrade() -> None:
    op.drop_index("ix_evaluations_job_id_id", "evaluations")
    op.drop_column("evaluations", "latency_ms")
    op.drop_column("evaluations", "job_id")
