"""Nobody holds a job that has ended: earlier versions left those that were cancelled with their schedulers.

Revision 0007, after 0006.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE jobs SET lease_holder = NULL, lease_until = NULL"
        " WHERE state IN ('done', 'failed', 'cancelled') AND lease_holder IS NOT NULL"
    )


def downgrade() -> None:
    """Those leases mean nothing to earlier versions either."""
