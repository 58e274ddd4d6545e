from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from quartapp.api.v1.schemas.base import Flag, In, Out, Patch, RowId, Whole, omittable
from quartapp.api.v1.schemas.entity import EntityUrl
from quartapp.api.v1.schemas.paging import PageOut
from quartapp.api.v1.schemas.usability import SiteOut
from quartapp.models.channel import MAX_REMINDER, TOPICS, ChannelKind, clean_reminder
from quartapp.models.event import EventKind, Topic
from quartapp.models.outbox import OutboxState

Reminder = Annotated[Whole, Field(ge=0, le=MAX_REMINDER), AfterValidator(clean_reminder)]


def clean_topics(topics: list[Topic]) -> list[Topic]:
    """Return each once, in one order."""
    if unknown := set(topics) - set(TOPICS):
        raise ValueError(f"Nobody is told of {min(unknown)}.")
    return [topic for topic in TOPICS if topic in topics]


Topics = Annotated[list[Topic], Field(min_length=1, max_length=20), AfterValidator(clean_topics)]


class ChannelIn(In):
    """Where to tell you what: without an entity of all sites; a webhook has a url."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"kind": "webhook", "url": "https://example.org/hook", "remind_every": 60}]
        }
    )

    kind: ChannelKind
    url: EntityUrl | None = None
    entity_id: RowId | None = None
    topics: Topics = list(TOPICS)
    remind_every: Reminder = 0


class ChannelPatch(Patch):
    """The fields to change; an `entity_id` of null means all sites."""

    url: EntityUrl = omittable()
    entity_id: RowId | None = omittable()
    topics: Topics = omittable()
    remind_every: Reminder = omittable()
    is_on: Flag = omittable()


class ChannelOut(Out):
    """A way to tell you; `last_error` is empty when the last one was sent."""

    id: int
    kind: ChannelKind
    url: str
    entity: SiteOut | None
    topics: list[Topic] = Field(validation_alias="wanted")
    remind_every: int
    is_on: bool
    last_sent_at: datetime | None
    last_error_at: datetime | None
    last_error: str
    created_at: datetime


class NewChannelOut(ChannelOut):
    """A channel; its new `secret` signs what a webhook gets, and is shown this once."""

    secret: str | None


class ChannelPage(PageOut[ChannelOut]):
    """Channels, a part of them."""


class DeliveryEventOut(Out):
    """Of what somebody is told."""

    id: int
    kind: EventKind
    at: datetime
    title: str


class DeliveryOut(Out):
    """Something that was told, or is to be; a test has no event, a reminder has a number."""

    id: int
    event: DeliveryEventOut | None
    number: int
    state: OutboxState
    due_at: datetime | None
    attempts: int
    sent_at: datetime | None
    failed_at: datetime | None
    last_error: str


class DeliveryPage(PageOut[DeliveryOut]):
    """What a channel has told and is to tell, the newest first."""
