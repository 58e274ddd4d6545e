"""Roles, addresses, sessions that can be listed and woken, scopes of tokens, links for one use.

Who is signed in signs in again; set-up links are void. Tokens go on working, with the right to write.

Revision ID: 0002_people
Revises: 0001_initial
"""

from typing import Any

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0002_people"
down_revision = "0001_initial"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
USER = sa.table("user", sa.column("role"), sa.column("is_admin", sa.Boolean))


def create_table(name: str, *items: Any) -> None:
    op.create_table(
        name,
        sa.Column("id", Id, nullable=False),
        *items,
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint("token_hash", name=f"uq_{name}_token_hash"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def refer_to_user(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_user_id_user"
    return sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    # Nothing here makes SQLite rebuild a table, so that it can be printed for SQLite, too.
    op.add_column("user", sa.Column("email", sa.String(254)))
    op.add_column("user", sa.Column("email_confirmed_at", UtcDateTime()))
    op.add_column("user", sa.Column("role", sa.String(20), nullable=False, server_default="viewer"))
    op.add_column("user", sa.Column("disabled_at", UtcDateTime()))
    op.create_index("ix_user_email", "user", ["email"], unique=True)
    role = sa.case((USER.c.is_admin, "admin"), else_="editor")
    op.execute(USER.update().values(role=role))
    op.drop_column("user", "is_admin")

    no = sa.false()
    is_public = sa.Column("is_public", sa.Boolean(), nullable=False, server_default=no)
    op.add_column("entity", is_public)

    scope = sa.Column("scope", sa.String(10), nullable=False, server_default="write")
    op.add_column("api_token", scope)
    hint = sa.Column("hint", sa.String(8), nullable=False, server_default="qa_")
    op.add_column("api_token", hint)
    op.add_column("api_token", sa.Column("used_at", UtcDateTime()))

    op.drop_table("setup_token")
    op.drop_table("user_session")
    create_table(
        "user_session",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("family", sa.String(32), nullable=False),
        sa.Column("remember_hash", sa.String(64)),
        sa.Column("last_remember_hash", sa.String(64)),
        sa.Column("woken_at", UtcDateTime()),
        sa.UniqueConstraint("family", name="uq_user_session_family"),
        refer_to_user("user_session"),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"])
    create_table(
        "link",
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("user_id", Id),
        sa.Column("email", sa.String(254)),
        sa.Column("role", sa.String(20)),
        refer_to_user("link"),
    )
    op.create_index("ix_link_user_id", "link", ["user_id"])


def downgrade() -> None:
    op.drop_table("link")
    op.drop_table("user_session")
    create_table("user_session", sa.Column("user_id", Id, nullable=False), refer_to_user("user_session"))
    op.create_index("ix_user_session_user_id", "user_session", ["user_id"])
    create_table("setup_token")

    for name in ("scope", "hint", "used_at"):
        op.drop_column("api_token", name)
    op.drop_column("entity", "is_public")

    no = sa.false()
    op.add_column("user", sa.Column("is_admin", sa.Boolean(), nullable=False, server_default=no))
    op.execute(USER.update().values(is_admin=sa.column("role") == "admin"))
    op.drop_index("ix_user_email", "user")
    for name in ("email", "email_confirmed_at", "role", "disabled_at"):
        op.drop_column("user", name)
