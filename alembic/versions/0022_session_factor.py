"""When a second factor was given in a session.

Revision ID: 0022_session_factor
Revises: 0021_idempotency
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0022_session_factor"
down_revision = "0021_idempotency"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("user_session", sa.Column("factor_at", UtcDateTime()))
    # Who has an app for codes was asked for one in each browser that is signed in.
    session = sa.table(
        "user_session",
        sa.column("user_id", Id),
        sa.column("created_at", UtcDateTime()),
        sa.column("factor_at", UtcDateTime()),
    )
    factor = sa.table("second_factor", sa.column("user_id", Id))
    with_app = session.c.user_id.in_(sa.select(factor.c.user_id))
    op.execute(session.update().where(with_app).values(factor_at=session.c.created_at))


def downgrade() -> None:
    op.drop_column("user_session", "factor_at")
