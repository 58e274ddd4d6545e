"""Where people want to be told what happens, and what was told there."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import IDS_ONCE, Base, Id
from quartapp.models.check import HOST_LENGTH
from quartapp.models.entity import URL_LENGTH, Entity
from quartapp.models.event import Event, EventKind, Topic
from quartapp.models.outbox import CLAIM_LENGTH, DELAYS, ERROR_LENGTH, LIFE, OutboxState
from quartapp.models.user import User
from quartapp.texts import Text

MAX_CHANNELS = 20  # of one person
MIN_REMINDER, MAX_REMINDER = 5, 7 * 24 * 60  # minutes
TOPICS_LENGTH = 40
SECRET_PREFIX = "qs_"  # noqa: S105 (names a secret wherever one leaks)
TOPICS = (Topic.USABILITY, Topic.TAMPER, Topic.BUG)  # that people are told of
TURNS = (EventKind.DOWN, EventKind.UP)
TOLD = (
    *TURNS,
    EventKind.CERTIFICATE,
    EventKind.CHANGED,
    EventKind.MISSING,
    EventKind.BUG_OPENED,
)
# For so long mail waits for more to tell of, but for turns.
GATHER_TIME = timedelta(seconds=60)
# A site that turns more often within this time is told of once, at its end.
FLAP_TURNS, FLAP_TIME = 4, timedelta(hours=1)


class ChannelKind(StrEnum):
    MAIL = "mail"  # to the confirmed address of whose it is
    WEBHOOK = "webhook"


class Channel(Base):
    """A way to tell somebody; the secret that signs has to be read again, so it is sealed."""

    __tablename__ = "channel"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), index=True)
    entity_id: Mapped[int | None] = mapped_column(  # None: all sites
        Id, ForeignKey("entity.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[ChannelKind] = mapped_column(String(10))
    url: Mapped[str] = mapped_column(String(URL_LENGTH), default="")
    host: Mapped[str] = mapped_column(String(HOST_LENGTH), default="")  # of the url, for fair turns
    sealed_secret: Mapped[str] = mapped_column(default="")
    topics: Mapped[str] = mapped_column(String(TOPICS_LENGTH))  # "usability,bug"
    remind_every: Mapped[int] = mapped_column(default=0)  # minutes; 0: never
    is_on: Mapped[bool] = mapped_column(default=True)
    last_sent_at: Mapped[datetime | None]
    last_error_at: Mapped[datetime | None]  # None: the last one was sent
    last_error: Mapped[str] = mapped_column(String(ERROR_LENGTH), default="")

    user: Mapped[User] = relationship(lazy="raise_on_sql")
    entity: Mapped[Entity | None] = relationship(lazy="raise_on_sql")

    @property
    def wanted(self) -> list[Topic]:
        return [Topic(topic) for topic in self.topics.split(",")]


class Delivery(Base):
    """One thing that is told by one channel; without an event it is a test."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("channel_id", "event_id", "number"),
        Base.__table_args__ | IDS_ONCE,
    )

    channel_id: Mapped[int] = mapped_column(Id, ForeignKey("channel.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("event.id", ondelete="CASCADE"), index=True
    )
    # Of a digest: the last event that it tells of, event_id being the first.
    until_id: Mapped[int | None] = mapped_column(Id)
    number: Mapped[int] = mapped_column(default=0)  # of the reminder; 0: none
    planned_at: Mapped[datetime]  # when it was to be told first
    # When a teller may take it, which puts this off for as long as it may keep it; None: finished.
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    claimed_by: Mapped[str | None] = mapped_column(String(CLAIM_LENGTH))
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(ERROR_LENGTH), default="")

    channel: Mapped[Channel] = relationship(lazy="raise_on_sql")
    event: Mapped[Event | None] = relationship(lazy="raise_on_sql")

    @property
    def may_share(self) -> bool:
        """Whether it may be told with others: no turn, no test, and nothing that failed before."""
        return self.event is not None and self.event.kind not in TURNS and not self.last_error

    @property
    def state(self) -> OutboxState:
        if self.sent_at:
            return OutboxState.SENT
        return OutboxState.FAILED if self.failed_at else OutboxState.WAITING

    def find_next_try(self, now: datetime) -> datetime | None:
        """Return when to try again after a failure; None: it has been tried for long enough."""
        end = self.planned_at + LIFE
        delay = DELAYS[min(self.attempts, len(DELAYS)) - 1]
        return min(now + delay, end) if now < end else None


def clean_reminder(minutes: int) -> int:
    """Return *minutes* if somebody may be reminded so often; else ValueError."""
    if minutes and not MIN_REMINDER <= minutes <= MAX_REMINDER:
        raise ValueError(
            Text(
                "0 for never, or %(min_reminder)s to %(max_reminder)s minutes.",
                min_reminder=MIN_REMINDER,
                max_reminder=MAX_REMINDER,
            )
        )
    return minutes
