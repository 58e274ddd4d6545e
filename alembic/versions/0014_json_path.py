"""The value that is expected in the JSON of an answer.

Revision ID: 0014_json_path
Revises: 0013_channels
"""

import sqlalchemy as sa

from alembic import op

revision = "0014_json_path"
down_revision = "0013_channels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The version before this one adds checks without them.
    for name in ("json_path", "json_value"):
        op.add_column("check", sa.Column(name, sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("check", "json_value")
    op.drop_column("check", "json_path")
