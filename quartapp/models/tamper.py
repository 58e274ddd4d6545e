"""Watched pages: where each stands, what people accepted of it, and the changes they were told."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id
from quartapp.models.difference import Severity
from quartapp.models.entity import Entity
from quartapp.models.lens import Lens
from quartapp.models.packed import Packed
from quartapp.models.page_state import PageState
from quartapp.models.user import User
from quartapp.texts import Text

LIST_LENGTH = 10_000  # characters of all selectors or patterns: MariaDB's TEXT has 64 kB
CHECKSUM_LENGTH = 64
DETAIL_LENGTH = 200


class PageWatch(Base):
    """How the page of a site is read, and where it stands since."""

    __tablename__ = "page_watch"

    entity_id: Mapped[int] = mapped_column(
        Id, ForeignKey("entity.id", ondelete="CASCADE"), unique=True
    )

    # What people set; selectors and patterns one a line.
    is_on: Mapped[bool]
    exclude: Mapped[str] = mapped_column(LongText)
    include: Mapped[str] = mapped_column(LongText)
    ignore: Mapped[str] = mapped_column(LongText)
    sort_lines: Mapped[bool]
    unique_lines: Mapped[bool]

    # Where it stands; few looks need the memory.
    state: Mapped[PageState] = mapped_column(String(20))
    state_since: Mapped[datetime | None]
    missing: Mapped[int]  # looks in a row without text, or what a selector asks for
    answer: Mapped[str] = mapped_column(String(CHECKSUM_LENGTH))  # checksum of what moved it last,
    checksum: Mapped[str] = mapped_column(String(CHECKSUM_LENGTH))  # and of the text in that
    memory: Mapped[bytes] = mapped_column(Packed, deferred=True, deferred_raiseload=True)

    @property
    def lens(self) -> Lens:
        return make_lens(self)


def make_lens(page: Any) -> Lens:
    """Return how a page is read, from it or from a row with the same columns."""
    return Lens(
        exclude=tuple(page.exclude.splitlines()),
        include=tuple(page.include.splitlines()),
        ignore=tuple(page.ignore.splitlines()),
        sort_lines=page.sort_lines,
        unique_lines=page.unique_lines,
    )


class Baseline(Base):
    """A text that somebody accepted; the newest ones in use are what looks are compared with."""

    __tablename__ = "baseline"
    __table_args__ = (Index("ix_baseline_entity_id", "entity_id", "is_used"), Base.__table_args__)

    entity_id: Mapped[int] = mapped_column(Id, ForeignKey("entity.id", ondelete="CASCADE"))
    is_used: Mapped[bool]
    text: Mapped[bytes] = mapped_column(Packed)
    accepted_by_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    accepted_by: Mapped[User | None] = relationship(lazy="raise_on_sql")


class TamperKind(StrEnum):
    CHANGED = "changed"
    MISSING = "missing"  # there is no text, or nothing is what a selector asks for


class TamperState(StrEnum):
    OPEN = Text("open")
    ACCEPTED = Text("accepted")  # what the page says is right
    IGNORED = Text("ignored")  # such lines do not count
    INCIDENT = Text("incident")  # somebody did it who may not


class Tamper(Base):
    """A change that people were told of."""

    __tablename__ = "tamper"
    __table_args__ = (
        Index("ix_tamper_entity_id", "entity_id", "id"),
        Index("ix_tamper_state", "state"),
        Base.__table_args__,
    )

    entity_id: Mapped[int] = mapped_column(Id, ForeignKey("entity.id", ondelete="CASCADE"))
    found_at: Mapped[datetime]
    kind: Mapped[TamperKind] = mapped_column(String(10))
    detail: Mapped[str] = mapped_column(String(DETAIL_LENGTH))  # the selector that finds nothing
    severity: Mapped[Severity] = mapped_column(String(10))
    added: Mapped[int]  # lines
    removed: Mapped[int]
    replaced: Mapped[int]
    is_cut: Mapped[bool]  # there is more than the difference shows
    difference: Mapped[bytes] = mapped_column(Packed, deferred=True, deferred_raiseload=True)
    text: Mapped[bytes] = mapped_column(Packed, deferred=True, deferred_raiseload=True)
    state: Mapped[TamperState] = mapped_column(String(10))
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )

    entity: Mapped[Entity] = relationship(lazy="raise_on_sql")
    settled_by: Mapped[User | None] = relationship(lazy="raise_on_sql")
