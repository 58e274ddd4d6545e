"""What people tell strangers of an incident: notes, the last of which says where it stands."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, String, Table
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id
from quartapp.models.entity import Entity
from quartapp.models.user import User
from quartapp.texts import Text

TITLE_LENGTH, BODY_LENGTH = 200, 5_000  # characters
MAX_NOTES = 100  # of one incident


class Impact(StrEnum):
    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"


class NoteState(StrEnum):
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


IMPACTS = {
    Impact.NONE: Text("No impact"),
    Impact.MINOR: Text("Minor impact"),
    Impact.MAJOR: Text("Major impact"),
}
NOTE_STATES = {
    NoteState.INVESTIGATING: Text("Investigating"),
    NoteState.IDENTIFIED: Text("Identified"),
    NoteState.MONITORING: Text("Monitoring"),
    NoteState.RESOLVED: Text("Resolved"),
}

incident_entity = Table(
    "incident_entity",
    Base.metadata,
    Column("incident_id", Id, ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "entity_id", Id, ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    **Base.__table_args__,
)


class Incident(Base):
    """Something that happened to all sites, or to some; strangers see it if one of these is public.

    That it is of all is said by *is_of_all*: one whose sites are gone is of none.
    """

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_resolved_at", "resolved_at"), Base.__table_args__)

    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    impact: Mapped[Impact] = mapped_column(String(10))
    is_of_all: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]

    entities: Mapped[list[Entity]] = relationship(
        secondary=incident_entity,
        order_by=(Entity.name, Entity.id),
        lazy="raise_on_sql",
        passive_deletes=True,
    )
    notes: Mapped[list["IncidentNote"]] = relationship(
        back_populates="incident",
        order_by="IncidentNote.id.desc()",
        lazy="raise_on_sql",
        passive_deletes="all",
    )

    def __str__(self) -> str:
        return self.title

    @property
    def entity_ids(self) -> list[int]:
        return [entity.id for entity in self.entities]

    @property
    def is_felt(self) -> bool:
        return self.resolved_at is None and self.impact != Impact.NONE

    @property
    def public_entities(self) -> list[Entity]:
        return [entity for entity in self.entities if entity.is_public]


class IncidentNote(Base):
    """What was said of an incident at some time; strangers are not told by whom."""

    __tablename__ = "incident_note"

    incident_id: Mapped[int] = mapped_column(
        Id, ForeignKey("incident.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="SET NULL"), index=True
    )
    state: Mapped[NoteState] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(LongText)

    incident: Mapped[Incident] = relationship(back_populates="notes", lazy="raise_on_sql")
    author: Mapped[User | None] = relationship(lazy="raise_on_sql")


def write_impact(impact: Impact) -> str:
    return IMPACTS[impact]


def write_note_state(state: NoteState) -> str:
    return NOTE_STATES[state]
