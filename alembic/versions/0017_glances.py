"""How sites did of late, in a few letters.

It is made with the next roll-up of each site, within an hour.

Revision ID: 0017_glances
Revises: 0016_languages
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0017_glances"
down_revision = "0016_languages"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "glance",
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("days", sa.String(89), nullable=False),
        sa.Column("means", sa.String(168), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name="pk_glance"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_glance_entity_id_entity", ondelete="CASCADE"
        ),
        **OPTIONS,
    )


def downgrade() -> None:
    op.drop_table("glance")
