"""How many images scored each network; and latencies in their column as they are told, also those recorded long ago.

They were the median by the wall there, and are set in relation to the reference now, see `LatencyMeasurement`.

Revision 0006, after 0005.
"""

from __future__ import annotations

import json
from statistics import median
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 1000


def upgrade() -> None:
    op.add_column("evaluations", sa.Column("images", sa.Integer()))
    connection, last = op.get_bind(), 0
    page = sa.text("SELECT id, latency FROM evaluations WHERE id > :last ORDER BY id LIMIT :batch")
    while rows := connection.execute(page, {"last": last, "batch": BATCH}).all():
        last = rows[-1].id
        told = [(row.id, _latency_ms(row.latency)) for row in rows if row.latency]
        latencies = [{"id": id, "latency_ms": milliseconds} for id, milliseconds in told if milliseconds]
        if latencies:
            connection.execute(sa.text("UPDATE evaluations SET latency_ms = :latency_ms WHERE id = :id"), latencies)


def _latency_ms(latency: Any) -> float | None:
    """The median ratio to the reference passes, times what one of them takes undisturbed; None of a damaged row."""
    try:
        told = json.loads(latency) if isinstance(latency, str) else latency
        own_ms, reference_ms = told["samples_ms"], told["reference_ms"]
        undisturbed_ms = told.get("undisturbed_reference_ms") or min(reference_ms)
        return median(own / reference for own, reference in zip(own_ms, reference_ms, strict=True)) * undisturbed_ms
    except (ValueError, TypeError, KeyError, ZeroDivisionError):
        return None


def downgrade() -> None:
    op.drop_column("evaluations", "images")
