"""Checks of sites, what they found, and outages.

Revision ID: 0006_checks
Revises: 0005_second_factor
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0006_checks"
down_revision = "0005_second_factor"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
SPREAD = 60  # s over which the first looks at the sites that exist are spread


def upgrade() -> None:
    op.create_table(
        "outage",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outage"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_outage_entity_id_entity", ondelete="CASCADE"
        ),
        **OPTIONS,
    )
    op.create_index("ix_outage_entity_id", "outage", ["entity_id", "started_at"])
    op.create_table(
        "check",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("down_after", sa.Integer(), nullable=False),
        sa.Column("up_after", sa.Integer(), nullable=False),
        sa.Column("statuses", sa.String(100), nullable=False),
        sa.Column("present", sa.String(200), nullable=False),
        sa.Column("absent", sa.String(200), nullable=False),
        sa.Column("slot_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("fence", Id, nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("state_since", UtcDateTime(), nullable=True),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("outage_id", Id, nullable=True),
        sa.Column("looked_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_check"),
        sa.UniqueConstraint("entity_id", name="uq_check_entity_id"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_check_entity_id_entity", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["outage_id"], ["outage.id"], name="fk_check_outage_id_outage", ondelete="SET NULL"
        ),
        **OPTIONS,
    )
    op.create_index("ix_check_due_at", "check", ["due_at"])
    op.create_table(
        "result",
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("slot_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(5), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("waited", sa.Float(), nullable=False),
        sa.Column("dns", sa.Float(), nullable=True),
        sa.Column("connect", sa.Float(), nullable=True),
        sa.Column("tls", sa.Float(), nullable=True),
        sa.Column("first_byte", sa.Float(), nullable=True),
        sa.Column("total", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "slot_at", name="pk_result"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_result_entity_id_entity", ondelete="CASCADE"
        ),
        postgresql_partition_by="RANGE (slot_at)",
        **OPTIONS,
    )
    if op.get_context().dialect.name == "postgresql":
        # For what comes before its day has a partition of its own, so that nothing is refused.
        op.execute("CREATE TABLE result_rest PARTITION OF result DEFAULT")
    if not op.get_context().as_sql:
        watch_what_there_is()


def watch_what_there_is() -> None:
    """Give each site that exists a check, as each new one gets with itself."""
    connection, now = op.get_bind(), datetime.now(UTC)
    entity = sa.table("entity", sa.column("id"), sa.column("url"))
    check = sa.table(
        "check",
        *[sa.column(name) for name in ("entity_id", "host", "interval", "down_after", "up_after")],
        *[sa.column(name) for name in ("statuses", "present", "absent", "fence", "crashes")],
        *[sa.column(name) for name in ("state", "streak")],
        *[
            sa.column(name, UtcDateTime())
            for name in ("slot_at", "due_at", "created_at", "updated_at")
        ],
    )
    given = {
        "interval": 60,
        "down_after": 3,
        "up_after": 2,
        "statuses": "200-399",
        "present": "",
        "absent": "",
        "fence": 0,
        "crashes": 0,
        "state": "new",
        "streak": 0,
        "created_at": now,
        "updated_at": now,
    }
    rows = []
    for id, url in connection.execute(sa.select(entity.c.id, entity.c.url)):
        at = now + timedelta(seconds=id % SPREAD)
        host = (urlsplit(url).hostname or "").lower()
        rows.append({"entity_id": id, "host": host, "slot_at": at, "due_at": at, **given})
    if rows:
        connection.execute(sa.insert(check), rows)


def downgrade() -> None:
    op.drop_table("result")
    op.drop_table("check")
    op.drop_table("outage")
