"""The certificate of each site, and what was told of its end.

Revision ID: 0009_certificates
Revises: 0008_events
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0009_certificates"
down_revision = "0008_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("check", sa.Column("certificate", sa.String(64), nullable=True))
    op.add_column("check", sa.Column("certificate_until", UtcDateTime(), nullable=True))
    op.add_column("check", sa.Column("certificate_told", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("check", "certificate_told")
    op.drop_column("check", "certificate_until")
    op.drop_column("check", "certificate")
