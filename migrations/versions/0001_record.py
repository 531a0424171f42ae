"""The record: jobs, architectures, trials, evaluations, weights and devices.

Revision 0001, after an empty database.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "architectures",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("genotype", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_architectures"),
    )
    op.create_table(
        "devices",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_devices"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("seconds_used", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("lease_holder", sa.Text()),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("idempotency_key", name="uq_jobs_idempotency_key"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state"])
    op.create_table(
        "trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("architecture_key", sa.Text(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_trials_job_id"),
        sa.ForeignKeyConstraint(["architecture_key"], ["architectures.key"], name="fk_trials_architecture_key"),
        sa.UniqueConstraint("job_id", "number", name="uq_trials_job_id_number"),
    )
    op.create_index("ix_trials_architecture_key", "trials", ["architecture_key"])
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.Integer(), nullable=False),
        sa.Column("fidelity", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("reused_from", sa.Integer()),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accuracy", sa.Double()),
        sa.Column("latency", sa.JSON()),
        sa.Column("params", sa.BigInteger()),
        sa.Column("macs", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
        sa.Column("failure_message", sa.Text()),
        sa.Column("traceback", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name="fk_evaluations_trial_id"),
        sa.ForeignKeyConstraint(["reused_from"], ["evaluations.id"], name="fk_evaluations_reused_from"),
        sa.UniqueConstraint("trial_id", "fidelity", "seed", name="uq_evaluations_trial_id_fidelity_seed"),
    )
    op.create_index("ix_evaluations_request_key", "evaluations", ["request_key"])
    op.create_table(
        "weights",
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("evaluation_id", "form", name="pk_weights"),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluations.id"], name="fk_weights_evaluation_id"),
    )


def downgrade() -> None:
    for table in ("weights", "evaluations", "trials", "jobs", "devices", "architectures"):
        op.drop_table(table)
