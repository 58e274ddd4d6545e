"""Weaknesses of sites as tickets: found by rules or reported by people, who settle them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id
from quartapp.models.entity import Entity
from quartapp.models.rules import Severity
from quartapp.models.rules.inspection import MAX_DETAIL, MAX_PLACE
from quartapp.models.tally import ACTIVE, FindingState, Tally
from quartapp.models.user import User
from quartapp.texts import Text

RULE_LENGTH, TITLE_LENGTH, BODY_LENGTH = 60, 200, 10_000  # characters


class Bug(Base):
    """A weakness of a site; what a rule has seen only once has no state yet, and is nobody's."""

    __tablename__ = "bug"
    __table_args__ = (
        # Reports of people have no rule, and may be alike.
        UniqueConstraint("entity_id", "rule", "place"),
        Index("ix_bug_state", "state", "severity"),
        Base.__table_args__,
    )

    entity_id: Mapped[int] = mapped_column(Id, ForeignKey("entity.id", ondelete="CASCADE"))
    rule: Mapped[str | None] = mapped_column(String(RULE_LENGTH))
    place: Mapped[str] = mapped_column(String(MAX_PLACE), default="")
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    detail: Mapped[str] = mapped_column(String(MAX_DETAIL), default="")  # as it was seen last
    body: Mapped[str] = mapped_column(LongText, default="")  # what its reporter says
    severity: Mapped[Severity] = mapped_column(String(10))
    state: Mapped[FindingState | None] = mapped_column(String(20))
    streak: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    reporter_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    assignee_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    entity: Mapped[Entity] = relationship(lazy="raise_on_sql")
    reporter: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[reporter_id])
    assignee: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[assignee_id])

    @property
    def tally(self) -> Tally:
        state = FindingState(self.state) if self.state else None
        return Tally(state, self.streak, self.status)

    def is_overdue(self, today: date) -> bool:
        return self.state in ACTIVE and self.due_on is not None and self.due_on < today


class Order(StrEnum):
    """What comes first in a list of bugs."""

    WORST = "worst"
    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"  # what is due first; what is never due comes last


ORDERS = {
    Order.WORST: Text("The worst first"),
    Order.NEWEST: Text("The newest first"),
    Order.OLDEST: Text("The oldest first"),
    Order.DUE: Text("Due first"),
}


class Change(StrEnum):
    """What a line of a bug's history tells."""

    COMMENT = "comment"
    STATE = "state"
    SEVERITY = "severity"
    ASSIGNEE = "assignee"
    DUE = "due"


class BugNote(Base):
    """One line of a bug's history: who said or changed what; nobody: a look did."""

    __tablename__ = "bug_note"

    bug_id: Mapped[int] = mapped_column(Id, ForeignKey("bug.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    change: Mapped[Change] = mapped_column(String(10))
    body: Mapped[str] = mapped_column(LongText)  # the comment, or the new value in words

    bug: Mapped[Bug] = relationship(lazy="raise_on_sql")
    author: Mapped[User | None] = relationship(lazy="raise_on_sql")
