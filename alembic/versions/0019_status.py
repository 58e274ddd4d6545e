"""Groups of sites, and incidents, for status pages.

Revision ID: 0019_status
Revises: 0018_visits
"""

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0019_status"
down_revision = "0018_visits"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "site_group",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("slug", sa.String(120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_site_group"),
        sa.UniqueConstraint("name", name="uq_site_group_name"),
        sa.UniqueConstraint("slug", name="uq_site_group_slug"),
        **OPTIONS,
    )
    make_links("site_group_entity", "group_id", "site_group")
    op.create_table(
        "incident",
        sa.Column("id", Id, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("impact", sa.String(10), nullable=False),
        sa.Column("is_of_all", sa.Boolean(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
        **OPTIONS,
    )
    op.create_index("ix_incident_resolved_at", "incident", ["resolved_at"])
    make_links("incident_entity", "incident_id", "incident")
    make_notes()


def make_notes() -> None:
    op.create_table(
        "incident_note",
        sa.Column("id", Id, nullable=False),
        sa.Column("incident_id", Id, nullable=False),
        sa.Column("author_id", Id, nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident_note"),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
            name="fk_incident_note_incident_id_incident",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["user.id"],
            name="fk_incident_note_author_id_user",
            ondelete="SET NULL",
        ),
        **OPTIONS,
    )
    op.create_index("ix_incident_note_incident_id", "incident_note", ["incident_id"])
    op.create_index("ix_incident_note_author_id", "incident_note", ["author_id"])


def make_links(table: str, column: str, target: str) -> None:
    """Make a table of what some rows have to do with sites."""
    op.create_table(
        table,
        sa.Column(column, Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.PrimaryKeyConstraint(column, "entity_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(
            [column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name=f"fk_{table}_entity_id_entity", ondelete="CASCADE"
        ),
        **OPTIONS,
    )
    op.create_index(f"ix_{table}_entity_id", table, ["entity_id"])


def downgrade() -> None:
    op.drop_table("incident_note")
    op.drop_table("incident_entity")
    op.drop_table("incident")
    op.drop_table("site_group_entity")
    op.drop_table("site_group")
