"""What looks came to by hours and days.

Revision ID: 0010_rollups
Revises: 0009_certificates
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0010_rollups"
down_revision = "0009_certificates"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    for name in ("hourly", "daily"):
        op.create_table(
            name,
            sa.Column("entity_id", Id, nullable=False),
            sa.Column("start_at", UtcDateTime(), nullable=False),
            sa.Column("ok", sa.Integer(), nullable=False),
            sa.Column("fail", sa.Integer(), nullable=False),
            sa.Column("error", sa.Integer(), nullable=False),
            sa.Column("up", sa.Double(), nullable=False),
            sa.Column("down", sa.Double(), nullable=False),
            sa.Column("maintenance", sa.Double(), nullable=False),
            sa.Column("latency_total", sa.Double(), nullable=False),
            sa.Column("latency_least", sa.Double(), nullable=True),
            sa.Column("latency_most", sa.Double(), nullable=True),
            sa.Column("latency_buckets", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("entity_id", "start_at", name=f"pk_{name}"),
            sa.ForeignKeyConstraint(
                ["entity_id"],
                ["entity.id"],
                name=f"fk_{name}_entity_id_entity",
                ondelete="CASCADE",
            ),
            **OPTIONS,
        )
    op.create_table(
        "rolled",
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name="pk_rolled"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_rolled_entity_id_entity", ondelete="CASCADE"
        ),
        **OPTIONS,
    )
    op.create_index("ix_rolled_until", "rolled", ["until"])


def downgrade() -> None:
    op.drop_table("rolled")
    op.drop_table("daily")
    op.drop_table("hourly")
