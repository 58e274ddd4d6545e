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
    with op.batch_alter_table("user") as table:
        table.add_column(sa.Column("email", sa.String(254)))
        table.add_column(sa.Column("email_confirmed_at", UtcDateTime()))
        table.add_column(sa.Column("role", sa.String(20)))
        table.add_column(sa.Column("disabled_at", UtcDateTime()))
        table.create_unique_constraint("uq_user_email", ["email"])
    role = sa.case((USER.c.is_admin, "admin"), else_="editor")
    op.execute(USER.update().values(role=role))
    with op.batch_alter_table("user") as table:
        table.alter_column("role", existing_type=sa.String(20), nullable=False)
        table.drop_column("is_admin")

    with op.batch_alter_table("entity") as table:
        no = sa.false()
        table.add_column(sa.Column("is_public", sa.Boolean(), nullable=False, server_default=no))
    with op.batch_alter_table("entity") as table:
        table.alter_column("is_public", existing_type=sa.Boolean(), server_default=None)

    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("scope", sa.String(10), nullable=False, server_default="write"))
        table.add_column(sa.Column("hint", sa.String(8), nullable=False, server_default="qa_"))
        table.add_column(sa.Column("used_at", UtcDateTime()))
    with op.batch_alter_table("api_token") as table:
        table.alter_column("scope", existing_type=sa.String(10), server_default=None)
        table.alter_column("hint", existing_type=sa.String(8), server_default=None)

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

    with op.batch_alter_table("api_token") as table:
        for name in ("scope", "hint", "used_at"):
            table.drop_column(name)
    with op.batch_alter_table("entity") as table:
        table.drop_column("is_public")

    with op.batch_alter_table("user") as table:
        table.add_column(sa.Column("is_admin", sa.Boolean()))
    op.execute(USER.update().values(is_admin=sa.column("role") == "admin"))
    with op.batch_alter_table("user") as table:
        table.alter_column("is_admin", existing_type=sa.Boolean(), nullable=False)
        table.drop_constraint("uq_user_email", type_="unique")
        for name in ("email", "email_confirmed_at", "role", "disabled_at"):
            table.drop_column(name)
