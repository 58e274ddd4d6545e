"""Weaknesses of sites, and their history.

Revision ID: 0007_bugs
Revises: 0006_checks
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0007_bugs"
down_revision = "0006_checks"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "bug",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("rule", sa.String(60), nullable=True),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("state", sa.String(20), nullable=True),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reporter_id", Id, nullable=True),
        sa.Column("assignee_id", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bug"),
        sa.UniqueConstraint("entity_id", "rule", "place", name="uq_bug_entity_id"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_bug_entity_id_entity", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reporter_id"], ["user.id"], name="fk_bug_reporter_id_user", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["user.id"], name="fk_bug_assignee_id_user", ondelete="SET NULL"
        ),
        **OPTIONS,
    )
    op.create_index("ix_bug_state", "bug", ["state", "severity"])
    op.create_index("ix_bug_reporter_id", "bug", ["reporter_id"])
    op.create_index("ix_bug_assignee_id", "bug", ["assignee_id"])
    op.create_table(
        "bug_note",
        sa.Column("id", Id, nullable=False),
        sa.Column("bug_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=True),
        sa.Column("change", sa.String(10), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bug_note"),
        sa.ForeignKeyConstraint(
            ["bug_id"], ["bug.id"], name="fk_bug_note_bug_id_bug", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name="fk_bug_note_author_id_user", ondelete="SET NULL"
        ),
        **OPTIONS,
    )
    op.create_index("ix_bug_note_bug_id", "bug_note", ["bug_id"])
    op.create_index("ix_bug_note_author_id", "bug_note", ["author_id"])


def downgrade() -> None:
    op.drop_table("bug_note")
    op.drop_table("bug")
