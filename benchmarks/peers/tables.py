"""The tables that the peers share, mapped anew, and what they all ask of them."""

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slugify import slugify
from sqlalchemy import BigInteger, DateTime, ForeignKey, Select, func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    contains_eager,
    joinedload,
    mapped_column,
    relationship,
)

URL = os.environ.get("DATABASE_URL", "")  # postgresql+asyncpg://…
POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 0, "pool_timeout": 60}
DAY = timedelta(days=1)


def utcnow() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger}


class Dated:
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow)


class User(Dated, Base):
    __tablename__ = "user"
    name: Mapped[str]
    role: Mapped[str]
    disabled_at: Mapped[datetime | None]


class ApiToken(Dated, Base):
    __tablename__ = "api_token"
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User] = relationship()


class Entity(Dated, Base):
    __tablename__ = "entity"
    name: Mapped[str]
    slug: Mapped[str]
    url: Mapped[str]
    content: Mapped[str] = mapped_column(default="")
    is_public: Mapped[bool] = mapped_column(default=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    owner: Mapped[User | None] = relationship()


class Outage(Dated, Base):
    __tablename__ = "outage"
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Check(Dated, Base):
    __tablename__ = "check"
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id"))
    host: Mapped[str]
    interval: Mapped[int] = mapped_column(default=60)
    down_after: Mapped[int] = mapped_column(default=3)
    up_after: Mapped[int] = mapped_column(default=2)
    statuses: Mapped[str] = mapped_column(default="200-399")
    present: Mapped[str] = mapped_column(default="")
    absent: Mapped[str] = mapped_column(default="")
    json_path: Mapped[str] = mapped_column(default="")
    json_value: Mapped[str] = mapped_column(default="")
    slot_at: Mapped[datetime] = mapped_column(default=utcnow)
    due_at: Mapped[datetime | None] = mapped_column(default=utcnow)
    fence: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="new")
    state_since: Mapped[datetime | None]
    streak: Mapped[int] = mapped_column(default=0)
    entity: Mapped[Entity] = relationship()


class Result(Base):
    __tablename__ = "result"
    entity_id: Mapped[int] = mapped_column(primary_key=True)
    slot_at: Mapped[datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    outcome: Mapped[str]
    total: Mapped[float]


class Hourly(Base):
    __tablename__ = "hourly"
    entity_id: Mapped[int] = mapped_column(primary_key=True)
    start_at: Mapped[datetime] = mapped_column(primary_key=True)
    up: Mapped[float]
    down: Mapped[float]


class Daily(Base):
    __tablename__ = "daily"
    entity_id: Mapped[int] = mapped_column(primary_key=True)
    start_at: Mapped[datetime] = mapped_column(primary_key=True)
    up: Mapped[float]
    down: Mapped[float]


class Glance(Base):
    __tablename__ = "glance"
    entity_id: Mapped[int] = mapped_column(primary_key=True)
    days: Mapped[str]


def select_token(secret: str) -> Select[Any]:
    """A valid token of somebody who may come in, the person loaded."""
    query = select(ApiToken).join(ApiToken.user).options(contains_eager(ApiToken.user))
    digest = hashlib.sha256(secret.encode()).hexdigest()
    valid = ApiToken.expires_at > utcnow(), User.disabled_at.is_(None)
    return query.where(ApiToken.token_hash == digest, *valid)


def select_entity(entity_id: int) -> Select[Any]:
    return select(Entity).options(joinedload(Entity.owner)).where(Entity.id == entity_id)


def select_after(cursor: int, size: int) -> Select[Any]:
    query = select(Entity).options(joinedload(Entity.owner)).where(Entity.id > cursor)
    return query.order_by(Entity.id).limit(size + 1)


def select_named(name: str) -> Select[Any]:
    """Who has this name, or its slug."""
    return select(Entity.id).where((Entity.name == name) | (Entity.slug == slugify(name)))


def select_list(number: int, size: int) -> Any:
    query = select(Entity).options(joinedload(Entity.owner)).order_by(Entity.name, Entity.id)
    return query.limit(size).offset((number - 1) * size)


def select_states(entities: Sequence[Entity]) -> Any:
    ids = [entity.id for entity in entities]
    return select(Check.entity_id, Check.state).where(Check.entity_id.in_(ids))


def count_entities() -> Select[Any]:
    return select(func.count()).select_from(Entity)


def select_state(entity_id: int) -> Select[Any]:
    return select(Check.state).where(Check.entity_id == entity_id)


def select_figures(entity_id: int, now: datetime) -> Any:
    """Looks of 24 hours by outcome, and percentiles of those that went well."""
    is_ok = Result.outcome == "ok"
    ranks = func.percentile_disc(array([0.5, 0.95, 0.99])).within_group(Result.total)
    counts = (func.count().filter(Result.outcome == kind) for kind in ("ok", "fail", "error"))
    query = select(*counts, ranks.filter(is_ok)).where(Result.entity_id == entity_id)
    return query.where(Result.started_at >= now - DAY, Result.slot_at >= now - DAY - DAY / 24)


def select_down(entity_id: int, now: datetime) -> Select[Any]:
    """The seconds of 24 hours in which it was down."""
    start = func.greatest(Outage.started_at, now - DAY)
    end = func.coalesce(Outage.ended_at, now)
    seconds = func.sum(func.extract("epoch", end - start))
    query = select(func.coalesce(seconds, 0)).where(Outage.entity_id == entity_id)
    return query.where(func.coalesce(Outage.ended_at, now) > now - DAY)


def select_public(size: int) -> Select[Any]:
    query = select(Check).join(Check.entity).options(contains_eager(Check.entity))
    return query.where(Entity.is_public).order_by(Entity.name, Entity.id).limit(size)


def count_states() -> Any:
    query: Select[Any] = (
        select(Check.state, func.count()).join(Check.entity).where(Entity.is_public)
    )
    return query.group_by(Check.state)


def select_days(ids: list[int]) -> Any:
    return select(Glance.entity_id, Glance.days).where(Glance.entity_id.in_(ids))


def select_uptimes(table: Any, ids: list[int], since: datetime) -> Select[Any]:
    up, down = func.sum(table.up), func.sum(table.down)
    query = select(table.entity_id, up / func.nullif(up + down, 0))
    query = query.where(table.entity_id.in_(ids), table.start_at >= since)
    return query.group_by(table.entity_id)


def list_uptime_queries(ids: list[int], now: datetime) -> list[Select[Any]]:
    spans = (Hourly, 1), (Daily, 30), (Daily, 90)
    return [select_uptimes(table, ids, now - days * DAY) for table, days in spans]


def make_figures(state: str, row: Any, down: float) -> dict[str, Any]:
    """The answer of the 24 hour summary."""
    ok, fail, error, ranks = row
    p50, p95, p99 = ranks or (None, None, None)
    day = {"ok": ok, "fail": fail, "error": error, "uptime": 1 - float(down) / 86_400}
    return {"state": state, "last_day": {**day, "p50": p50, "p95": p95, "p99": p99}}
