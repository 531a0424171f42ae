"""What is to be known after a fault: how often a trial has crashed, and which schedulers work.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trials", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "schedulers",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("holder", name="pk_schedulers"),
    )


def downgrade() -> None:
    op.drop_table("schedulers")
    op.drop_column("trials", "attempts")
