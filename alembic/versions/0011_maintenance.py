"""Windows of maintenance.

Revision ID: 0011_maintenance
Revises: 0010_rollups
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0011_maintenance"
down_revision = "0010_rollups"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "maintenance",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("weekdays", sa.String(7), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance"),
        sa.ForeignKeyConstraint(
            ["entity_id"],
            ["entity.id"],
            name="fk_maintenance_entity_id_entity",
            ondelete="CASCADE",
        ),
        **OPTIONS,
    )
    op.create_index("ix_maintenance_entity_id", "maintenance", ["entity_id"])


def downgrade() -> None:
    op.drop_table("maintenance")
