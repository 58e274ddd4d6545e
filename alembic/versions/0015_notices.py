"""The notices that were given of certificates, so that each is given once.

Revision ID: 0015_notices
Revises: 0014_json_path
"""

import sqlalchemy as sa

from alembic import op

revision = "0015_notices"
down_revision = "0014_json_path"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPTIONS = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
check = sa.table(
    "check", *[sa.column(name) for name in ("entity_id", "certificate", "certificate_told")]
)


def upgrade() -> None:
    notice = op.create_table(
        "notice",
        sa.Column("entity_id", Id, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("days", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "fingerprint", "days", name="pk_notice"),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name="fk_notice_entity_id_entity", ondelete="CASCADE"
        ),
        **OPTIONS,
    )
    given = sa.select(check).where(check.c.certificate.is_not(None))
    given = given.where(check.c.certificate_told.is_not(None))
    op.execute(sa.insert(notice).from_select(["entity_id", "fingerprint", "days"], given))


def downgrade() -> None:
    op.drop_table("notice")
