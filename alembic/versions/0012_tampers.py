"""Watched pages: settings and standing, accepted texts, changes.

Revision ID: 0012_tampers
Revises: 0011_maintenance
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0012_tampers"
down_revision = "0011_maintenance"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Packed = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def make_times() -> list[sa.Column[object]]:
    names = ("created_at", "updated_at")
    return [sa.Column(name, UtcDateTime(), nullable=False) for name in names]


def refer_to_entity(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_entity_id_entity"
    return sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=name, ondelete="CASCADE")


def refer_to_user(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_user"
    return sa.ForeignKeyConstraint([column], ["user.id"], name=name, ondelete="SET NULL")


def upgrade() -> None:
    op.create_table(
        "page_watch",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("exclude", sa.Text(), nullable=False),
        sa.Column("include", sa.Text(), nullable=False),
        sa.Column("ignore", sa.Text(), nullable=False),
        sa.Column("sort_lines", sa.Boolean(), nullable=False),
        sa.Column("unique_lines", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("state_since", UtcDateTime(), nullable=True),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(64), nullable=False),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("memory", Packed, nullable=False),
        *make_times(),
        sa.PrimaryKeyConstraint("id", name="pk_page_watch"),
        sa.UniqueConstraint("entity_id", name="uq_page_watch_entity_id"),
        refer_to_entity("page_watch"),
        **OPTIONS,
    )
    op.create_table(
        "baseline",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("is_used", sa.Boolean(), nullable=False),
        sa.Column("text", Packed, nullable=False),
        sa.Column("accepted_by_id", Id, nullable=True),
        *make_times(),
        sa.PrimaryKeyConstraint("id", name="pk_baseline"),
        refer_to_entity("baseline"),
        refer_to_user("baseline", "accepted_by_id"),
        **OPTIONS,
    )
    op.create_index("ix_baseline_entity_id", "baseline", ["entity_id", "is_used"])
    op.create_index("ix_baseline_accepted_by_id", "baseline", ["accepted_by_id"])
    op.create_table(
        "tamper",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Integer(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("difference", Packed, nullable=False),
        sa.Column("text", Packed, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by_id", Id, nullable=True),
        *make_times(),
        sa.PrimaryKeyConstraint("id", name="pk_tamper"),
        refer_to_entity("tamper"),
        refer_to_user("tamper", "settled_by_id"),
        **OPTIONS,
    )
    op.create_index("ix_tamper_entity_id", "tamper", ["entity_id", "id"])
    op.create_index("ix_tamper_state", "tamper", ["state"])
    op.create_index("ix_tamper_settled_by_id", "tamper", ["settled_by_id"])


def downgrade() -> None:
    op.drop_table("tamper")
    op.drop_table("baseline")
    op.drop_table("page_watch")
