"""When the record was last made what it was at a backup; never, for those that are here already.

Revision 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("restored_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("jobs", "restored_at")
