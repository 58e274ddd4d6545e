"""Second factors: secrets of apps, codes for who lost one; passkeys.

Revision ID: 0005_second_factor
Revises: 0004_audit
"""

from typing import Any

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0005_second_factor"
down_revision = "0004_audit"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def create_table(name: str, *items: Any) -> None:
    op.create_table(
        name,
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        *items,
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=f"fk_{name}_user_id_user", ondelete="CASCADE"
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def upgrade() -> None:
    create_table(
        "second_factor",
        sa.Column("sealed_secret", sa.String(200), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("user_id", name="uq_second_factor_user_id"),
    )
    create_table(
        "recovery_code",
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("code_hash", name="uq_recovery_code_code_hash"),
    )
    op.create_index("ix_recovery_code_user_id", "recovery_code", ["user_id"])
    create_table(
        "passkey",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("credential_id", sa.String(700), nullable=False),
        sa.Column("public_key", sa.LargeBinary(1024), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.String(100), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
    )
    op.create_index("ix_passkey_user_id", "passkey", ["user_id"])


def downgrade() -> None:
    op.drop_table("passkey")
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
