"""Whether somebody wants pages light or dark.

Revision ID: 0020_themes
Revises: 0019_status
"""

import sqlalchemy as sa

from alembic import op

revision = "0020_themes"
down_revision = "0019_status"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("theme", sa.String(8)))


def downgrade() -> None:
    op.drop_column("user", "theme")
