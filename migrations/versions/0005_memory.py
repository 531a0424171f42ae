"""How much memory each evaluated network takes; unknown of those that were recorded before.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evaluations", sa.Column("peak_memory_bytes", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("evaluations", "peak_memory_bytes")
