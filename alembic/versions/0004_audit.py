"""The audit log: who did what to whom.

Revision ID: 0004_audit
Revises: 0003_outbox
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0004_audit"
down_revision = "0003_outbox"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", Id, nullable=False),
        sa.Column("action", sa.String(30), nullable=False),
        sa.Column("by_id", Id, nullable=True),
        sa.Column("by_name", sa.String(60), nullable=False),
        sa.Column("subject_kind", sa.String(20), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("subject_name", sa.String(254), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name="fk_audit_event_by_id_user", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_audit_event_action", "audit_event", ["action"])
    op.create_index("ix_audit_event_by_id", "audit_event", ["by_id"])


def downgrade() -> None:
    op.drop_table("audit_event")
