"""What each look found: many rows, written once, read in bulk; so a table without a class."""

from sqlalchemy import Column, Float, ForeignKey, SmallInteger, String, Table

from quartapp.models.base import Base, Id, UtcDateTime

DETAIL_LENGTH = 200  # characters

# A slot of a site has one result, whoever looked. On PostgreSQL each day is a partition of its own,
# so that old days are dropped and not deleted.
result = Table(
    "result",
    Base.metadata,
    Column("entity_id", Id, ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True),
    Column("slot_at", UtcDateTime, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("outcome", String(5), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("detail", String(DETAIL_LENGTH), nullable=False),
    Column("state", String(20), nullable=False),  # where the site stands after it
    Column("status", SmallInteger),
    # Seconds.
    Column("waited", Float, nullable=False),
    Column("dns", Float),
    Column("connect", Float),
    Column("tls", Float),
    Column("first_byte", Float),
    Column("total", Float, nullable=False),
    postgresql_partition_by="RANGE (slot_at)",
    **Base.__table_args__,
)
