"""How often each page was looked at on each day.

Revision ID: 0018_visits
Revises: 0017_glances
"""

import sqlalchemy as sa

from alembic import op

revision = "0018_visits"
down_revision = "0017_glances"
branch_labels = None
depends_on = None

OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "visit",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("route", sa.String(190), nullable=False),
        sa.Column("outcome", sa.String(3), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "route", "outcome", name="pk_visit"),
        **OPTIONS,
    )


def downgrade() -> None:
    op.drop_table("visit")
