"""The declarative base that all models share."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, String, TypeDecorator
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeEngine

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
# SQLite counts up by itself in an INTEGER primary key only, which holds 64 bits as well.
Id = BigInteger().with_variant(Integer(), "sqlite")


def utcnow() -> datetime:
    return datetime.now(UTC)


def get_created_at(context: Any) -> datetime:
    """Let a new row have been updated when it was created."""
    created_at: datetime = context.get_current_parameters()["created_at"]
    return created_at


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime to the microsecond, also where the database keeps neither."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """PostgreSQL's driver gives UTC by itself: there is nothing to do for each value."""
        is_utc = dialect.name == "postgresql"
        return None if is_utc else super().result_processor(dialect, coltype)


class Base(DeclarativeBase):
    """A table with an id and two times."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime, str: String(200)}
    # Names that differ in case only differ, on MariaDB as on the others.
    __table_args__: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=get_created_at, onupdate=utcnow)


# Of a table whose ids others remember: SQLite gives the last one anew once its row is gone.
IDS_ONCE = {"sqlite_autoincrement": True}


class Guarded:
    """What two cannot change at once: the second finds that its row has moved, and begins anew."""

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"version_id_col": cls.__table__.c.updated_at, "version_id_generator": False}  # type: ignore[attr-defined]
