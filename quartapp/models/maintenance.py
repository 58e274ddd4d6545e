"""Windows in which a site, or all of them, may be away: nobody counts that as down."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id
from quartapp.models.entity import Entity
from quartapp.models.uptime import Span
from quartapp.models.window import (
    LONGEST,
    MAX_MINUTES,
    Once,
    Rule,
    Weekly,
    clean_weekdays,
    clean_zone,
    list_zones,
    refuse_no_day,
)
from quartapp.texts import Text, find_text

TITLE_LENGTH, ZONE_LENGTH = 200, 64  # characters
MAX_WINDOWS = 20  # of one site, or of all sites, that are not over


class Maintenance(Base):
    """A window that comes once, from *starts_at* to *ends_at*, or on *weekdays*."""

    __tablename__ = "maintenance"
    __table_args__ = (Index("ix_maintenance_entity_id", "entity_id"), Base.__table_args__)

    entity_id: Mapped[int | None] = mapped_column(  # None: of all sites
        Id, ForeignKey("entity.id", ondelete="CASCADE")
    )
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    timezone: Mapped[str] = mapped_column(String(ZONE_LENGTH))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    weekdays: Mapped[str] = mapped_column(String(7), default="")
    start_time: Mapped[time | None]  # by the clocks of the zone
    minutes: Mapped[int | None]

    entity: Mapped[Entity | None] = relationship(lazy="raise_on_sql")

    @property
    def rule(self) -> Rule | None:
        """When it is open; None where this machine does not know the time zone any more."""
        if self.starts_at and self.ends_at:
            return Once(Span(self.starts_at, self.ends_at))
        if self.start_time is None or self.minutes is None or self.timezone not in list_zones():
            return None
        return Weekly(self.weekdays, self.start_time, self.minutes, ZoneInfo(self.timezone))

    def is_over(self, moment: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= moment

    def find_open(self, moment: datetime) -> Span | None:
        return self.rule.find_open(moment) if self.rule else None

    def find_next(self, moment: datetime) -> Span | None:
        return self.rule.find_next(moment) if self.rule else None


class WrongFieldError(ValueError):
    """A field, and what is wrong with it in words."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def check_window(window: Maintenance) -> None:
    """Refuse by WrongFieldError what is no window, or two of them."""
    check_zone(window)
    is_weekly = bool(window.weekdays or window.start_time or window.minutes)
    if is_weekly and (window.starts_at or window.ends_at):
        raise WrongFieldError("starts_at", Text("It comes once, or on weekdays; not both."))
    check_weekly(window) if is_weekly else check_once(window)


def check_zone(window: Maintenance) -> None:
    try:
        window.timezone = clean_zone(window.timezone)
    except ValueError as error:
        raise WrongFieldError("timezone", find_text(error)) from error


def check_weekly(window: Maintenance) -> None:
    try:
        window.weekdays = clean_weekdays(window.weekdays)
    except ValueError as error:
        raise WrongFieldError("weekdays", find_text(error)) from error
    if window.start_time is None:
        raise WrongFieldError("start_time", Text("When does it start?"))
    if window.minutes is None or not 1 <= window.minutes <= MAX_MINUTES:
        raise WrongFieldError(
            "minutes", Text("It lasts 1 to %(most)s minutes.", most=f"{MAX_MINUTES:,}")
        )


def check_once(window: Maintenance) -> None:
    for field in ("starts_at", "ends_at"):
        check_moment(field, getattr(window, field), ZoneInfo(window.timezone))
    if window.starts_at is None:
        raise WrongFieldError("starts_at", Text("When does it start, or on which weekdays?"))
    if window.ends_at is None or not timedelta() < window.ends_at - window.starts_at <= LONGEST:
        raise WrongFieldError(
            "ends_at", Text("It ends later, within %(days)s days.", days=LONGEST.days)
        )


def check_moment(field: str, moment: datetime | None, zone: ZoneInfo) -> None:
    if moment is None:
        return
    try:
        refuse_no_day(moment, zone)
    except ValueError as error:
        raise WrongFieldError(field, find_text(error)) from error
