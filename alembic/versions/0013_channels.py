"""Where people want to be told what happens, and what was told there.

Revision ID: 0013_channels
Revises: 0012_tampers
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0013_channels"
down_revision = "0012_tampers"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("sealed_secret", sa.String(200), nullable=False),
        sa.Column("topics", sa.String(40), nullable=False),
        sa.Column("remind_every", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("last_sent_at", UtcDateTime(), nullable=True),
        sa.Column("last_error_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_channel_user_id_user", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_channel_entity_id_entity", ondelete="CASCADE"
        ),
        **OPTIONS,
    )
    op.create_index("ix_channel_user_id", "channel", ["user_id"])
    op.create_index("ix_channel_entity_id", "channel", ["entity_id"])
    op.create_table(
        "delivery",
        sa.Column("id", Id, nullable=False),
        sa.Column("channel_id", Id, nullable=False),
        sa.Column("event_id", Id, nullable=True),
        sa.Column("until_id", Id, nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("planned_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_by", sa.String(32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("channel_id", "event_id", "number", name="uq_delivery_channel_id"),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name="fk_delivery_channel_id_channel", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name="fk_delivery_event_id_event", ondelete="CASCADE"
        ),
        **OPTIONS,
    )
    op.create_index("ix_delivery_event_id", "delivery", ["event_id"])
    op.create_index("ix_delivery_due_at", "delivery", ["due_at"])


def downgrade() -> None:
    op.drop_table("delivery")
    op.drop_table("channel")
