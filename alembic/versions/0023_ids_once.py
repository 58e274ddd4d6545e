"""Ids of events and deliveries are given once, on SQLite as elsewhere.

Revision ID: 0023_ids_once
Revises: 0022_session_factor
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0023_ids_once"
down_revision = "0022_session_factor"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def list_tables() -> list[sa.Table]:
    """Return the tables as they are, for statements that are printed without a database."""
    metadata = sa.MetaData()
    event = sa.Table(
        "event",
        metadata,
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("author_id", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_event_entity_id_entity", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name="fk_event_author_id_user", ondelete="SET NULL"
        ),
        sa.Index("ix_event_entity_id", "entity_id", "id"),
        sa.Index("ix_event_kind", "kind", "subject_id"),
        sa.Index("ix_event_author_id", "author_id"),
    )
    delivery = sa.Table(
        "delivery",
        metadata,
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
        sa.Index("ix_delivery_event_id", "event_id"),
        sa.Index("ix_delivery_due_at", "due_at"),
    )
    return [event, delivery]


def upgrade() -> None:
    make_anew(is_once=True)


def downgrade() -> None:
    make_anew(is_once=False)


def make_anew(*, is_once: bool) -> None:
    if op.get_context().dialect.name != "sqlite":  # where no id was ever given again
        return
    for table in list_tables():
        kinds = {"sqlite_autoincrement": is_once}
        with op.batch_alter_table(
            table.name, copy_from=table, recreate="always", table_kwargs=kinds
        ):
            pass
