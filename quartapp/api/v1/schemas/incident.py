from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from quartapp.api.v1.schemas.base import ONE_LINE, In, Moment, Out, Patch, RowId, omittable
from quartapp.api.v1.schemas.paging import PageOut
from quartapp.api.v1.schemas.usability import SiteOut
from quartapp.api.v1.schemas.user import UserOut
from quartapp.models.entity import MAX_CHOSEN
from quartapp.models.incident import BODY_LENGTH, TITLE_LENGTH, Impact, NoteState
from quartapp.models.text import clean_line, clean_text

IncidentTitle = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=TITLE_LENGTH), ONE_LINE
]
NoteBody = Annotated[str, AfterValidator(clean_text), Field(min_length=1, max_length=BODY_LENGTH)]
SomeIds = Annotated[list[RowId], Field(min_length=1, max_length=MAX_CHOSEN)]


class IncidentNoteIn(In):
    """What anyone may read; `resolved` ends the incident, any other state opens it again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"state": "identified", "body": "A disk is full."}]}
    )

    state: NoteState
    body: NoteBody


class IncidentIn(IncidentNoteIn):
    """An incident and its first note; of all sites where `entity_ids` is null or left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Slow answers", "state": "investigating", "body": "We look."}]
        }
    )

    title: IncidentTitle
    impact: Impact = Impact.MINOR
    started_at: Moment | None = None
    state: NoteState = NoteState.INVESTIGATING
    entity_ids: SomeIds | None = None


class IncidentPatch(Patch):
    """The fields to change; of all sites where `entity_ids` is null."""

    title: IncidentTitle = omittable()
    impact: Impact = omittable()
    started_at: Moment = omittable()
    entity_ids: SomeIds | None = omittable()


class IncidentNoteOut(Out):
    """A note; strangers are not told who wrote it."""

    id: int
    state: NoteState
    body: str
    author: UserOut | None
    created_at: datetime


class IncidentOut(Out):
    """An incident with its notes, the newest first; `entities` is empty where it is of all."""

    id: int
    title: str
    impact: Impact
    is_of_all: bool
    started_at: datetime
    resolved_at: datetime | None
    entities: list[SiteOut]
    notes: list[IncidentNoteOut]


class IncidentPage(PageOut[IncidentOut]):
    """Incidents, the newest first."""
