"""What was answered to requests that may come again.

Revision ID: 0021_idempotency
Revises: 0020_themes
"""

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import MEDIUMBLOB

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0021_idempotency"
down_revision = "0020_themes"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Packed = sa.LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "kept_answer",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sa.String(200), nullable=True),
        sa.Column("etag", sa.String(40), nullable=True),
        sa.Column("body", Packed, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_answer"),
        sa.UniqueConstraint("user_id", "key", name="uq_kept_answer_user_id"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_kept_answer_user_id_user", ondelete="CASCADE"
        ),
        **OPTIONS,
    )
    op.create_index("ix_kept_answer_created_at", "kept_answer", ["created_at"])


def downgrade() -> None:
    op.drop_table("kept_answer")
