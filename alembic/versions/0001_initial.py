"""Users and what lets them in, sites and comments.

Revision ID: 0001_initial
Revises:
"""

from typing import Any

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def create_table(name: str, *items: Any) -> None:
    op.create_table(
        name,
        sa.Column("id", Id, nullable=False),
        *items,
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def upgrade() -> None:
    create_table(
        "user",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("name", name="uq_user_name"),
    )
    create_table(
        "user_session",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.UniqueConstraint("token_hash", name="uq_user_session_token_hash"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_user_session_user_id_user", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"])
    create_table(
        "api_token",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_api_token_user_id_user", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_api_token_user_id", "api_token", ["user_id"])
    create_table(
        "setup_token",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("token_hash", name="uq_setup_token_token_hash"),
    )
    create_table(
        "entity",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.UniqueConstraint("name", name="uq_entity_name"),
        sa.UniqueConstraint("slug", name="uq_entity_slug"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user.id"], name="fk_entity_owner_id_user", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_entity_owner_id", "entity", ["owner_id"])
    create_table(
        "comment",
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_comment_entity_id_entity", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name="fk_comment_author_id_user", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_comment_entity_id", "comment", ["entity_id"])
    op.create_index("ix_comment_author_id", "comment", ["author_id"])


def downgrade() -> None:
    # A table's indexes go with it; MariaDB would not let go one that a foreign key needs.
    for name in ("comment", "entity", "setup_token", "api_token", "user_session", "user"):
        op.drop_table(name)
