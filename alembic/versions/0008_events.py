"""What happened to sites, on one time line.

Revision ID: 0008_events
Revises: 0007_bugs
"""

from datetime import datetime

import sqlalchemy as sa

from alembic import op
from quartapp.models.base import UtcDateTime

revision = "0008_events"
down_revision = "0007_bugs"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

TIMES = "created_at", "updated_at"
outage, comment, bug = (
    sa.table(name, *map(sa.column, ("id", "entity_id", *names, *TIMES)))
    for name, names in (
        ("outage", ("started_at", "ended_at", "cause")),
        ("comment", ("author_id",)),
        ("bug", ("title", "state", "opened_at", "closed_at", "reporter_id")),
    )
)
NOBODY = sa.cast(sa.null(), sa.BigInteger)


def tell_past() -> None:
    """Write down what happened before, in the order in which it did."""
    down, up = sa.literal("It is down"), sa.literal("It is up again")
    started, ended = outage.c.started_at, outage.c.ended_at
    said, opened, closed = comment.c.created_at, bug.c.opened_at, bug.c.closed_at
    is_bug = bug.c.state.is_not(None)
    author, reporter = comment.c.author_id, bug.c.reporter_id
    past = sa.union_all(
        tell(outage, "usability.down", started, down, NOBODY, outage.c.cause),
        tell(outage, "usability.up", ended, up).where(ended.is_not(None)),
        tell(comment, "comment.added", said, sa.literal("A comment"), author),
        tell(bug, "bug.opened", opened, bug.c.title, reporter).where(is_bug, opened.is_not(None)),
        tell(bug, "bug.closed", closed, bug.c.title).where(is_bug, closed.is_not(None)),
    ).subquery()
    names = list(past.c.keys())
    event = sa.table("event", *map(sa.column, names))
    op.execute(event.insert().from_select(names, sa.select(past).order_by(past.c.at)))


def tell(
    table: sa.TableClause,
    kind: str,
    at: sa.ColumnElement[datetime],
    title: sa.ColumnElement[str],
    author: sa.ColumnElement[int] = NOBODY,
    detail: sa.ColumnElement[str] = sa.literal(""),
) -> sa.Select:
    return sa.select(
        table.c.entity_id,
        sa.literal(kind).label("kind"),
        at.label("at"),
        title.label("title"),
        detail.label("detail"),
        table.c.id.label("subject_id"),
        author.label("author_id"),
        at.label("created_at"),
        at.label("updated_at"),
    )


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", Id, nullable=False),
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("author_id", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_event_entity_id_entity", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name="fk_event_author_id_user", ondelete="SET NULL"
        ),
        **OPTIONS,
    )
    op.create_index("ix_event_entity_id", "event", ["entity_id", "id"])
    op.create_index("ix_event_kind", "event", ["kind", "subject_id"])
    op.create_index("ix_event_author_id", "event", ["author_id"])
    tell_past()


def downgrade() -> None:
    op.drop_table("event")
