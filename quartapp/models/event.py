"""What happened to a site: one line of its time line, told to who asked to be told."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import IDS_ONCE, Base, Id
from quartapp.models.entity import Entity
from quartapp.models.user import User
from quartapp.texts import Text

TITLE_LENGTH, DETAIL_LENGTH = 200, 500  # characters
KIND_LENGTH = 30


class EventKind(StrEnum):
    """What happened; the values are part of the API."""

    DOWN = "usability.down"
    UP = "usability.up"
    PAUSED = "usability.paused"
    RESUMED = "usability.resumed"
    CERTIFICATE = "usability.certificate"
    CHANGED = "tamper.changed"
    MISSING = "tamper.missing"
    LEARNED = "tamper.learned"
    SETTLED = "tamper.settled"
    BUG_OPENED = "bug.opened"
    BUG_CHANGED = "bug.changed"
    BUG_CLOSED = "bug.closed"
    COMMENT = "comment.added"

    @property
    def topic(self) -> "Topic":
        return Topic(self.partition(".")[0])


class Topic(StrEnum):
    """What an event is about: the first word of its kind."""

    USABILITY = Text("usability")
    TAMPER = Text("tamper")
    BUG = Text("bug")
    COMMENT = Text("comment")


TOPIC_NAMES = {
    Topic.USABILITY: Text("Usability"),
    Topic.TAMPER: Text("Changes"),
    Topic.BUG: Text("Bugs"),
    Topic.COMMENT: Text("Comments"),
}


class Event(Base):
    """One thing that happened; *subject_id* is the outage's, change's, bug's or comment's."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_entity_id", "entity_id", "id"),
        Index("ix_event_kind", "kind", "subject_id"),
        Base.__table_args__ | IDS_ONCE,
    )

    entity_id: Mapped[int] = mapped_column(Id, ForeignKey("entity.id", ondelete="CASCADE"))
    kind: Mapped[EventKind] = mapped_column(String(KIND_LENGTH))
    at: Mapped[datetime]  # it happened; it was found when the row was made
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH), default="")
    subject_id: Mapped[int | None] = mapped_column(Id)
    author_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    entity: Mapped[Entity] = relationship(lazy="raise_on_sql")
    author: Mapped[User | None] = relationship(lazy="raise_on_sql")


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
