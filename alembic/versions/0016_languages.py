"""The language that somebody chose.

Revision ID: 0016_languages
Revises: 0015_notices
"""

import sqlalchemy as sa

from alembic import op

revision = "0016_languages"
down_revision = "0015_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("language", sa.String(8)))


def downgrade() -> None:
    op.drop_column("user", "language")
