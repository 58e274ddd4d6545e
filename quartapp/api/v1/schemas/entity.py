from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from quartapp.api.v1.schemas.base import ONE_LINE, Flag, In, Out, Patch, Query, omittable
from quartapp.api.v1.schemas.paging import PageOut, PageQuery, Several
from quartapp.api.v1.schemas.user import UserOut
from quartapp.models.entity import CONTENT_LENGTH, NAME_LENGTH, URL_LENGTH
from quartapp.models.text import clean_line, clean_text, clean_url
from quartapp.models.usability import State

MAX_AT_ONCE = 1000  # entities
HTTP_URL = Field(json_schema_extra={"format": "uri", "pattern": r"^https?://[^\s@\\]+$"})
# Cleaned first, measured afterwards: what is kept has the length that is promised.
EntityName = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=NAME_LENGTH), ONE_LINE
]
EntityUrl = Annotated[
    str, AfterValidator(clean_url), Field(min_length=8, max_length=URL_LENGTH), HTTP_URL
]
EntityContent = Annotated[str, AfterValidator(clean_text), Field(max_length=CONTENT_LENGTH)]


class EntityFilter(Query):
    """Which entities: those with this in the name or address, that stand in one of these states."""

    q: Annotated[str, StringConstraints(max_length=NAME_LENGTH)] = ""
    state: Several[State] = []


class EntityQuery(EntityFilter, PageQuery):
    """What is listed."""


class EntityIn(In):
    """A site to watch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Example", "url": "https://example.org/", "content": "A sample."}]
        }
    )

    name: EntityName
    url: EntityUrl
    content: EntityContent = ""
    is_public: Flag = False


class EntitiesIn(In):
    """Sites to watch, all of them or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"name": "Example", "url": "https://example.org/"}]}]
        }
    )

    items: list[EntityIn] = Field(min_length=1, max_length=MAX_AT_ONCE)


class EntityPatch(Patch):
    """The fields to change."""

    name: EntityName = omittable()
    url: EntityUrl = omittable()
    content: EntityContent = omittable()
    is_public: Flag = omittable()


class EntityOut(Out):
    """A watched site."""

    id: int
    name: str
    slug: str
    url: str
    content: str
    is_public: bool
    owner: UserOut | None
    created_at: datetime
    updated_at: datetime


class EntitiesOut(Out):
    """The sites that were added, in the order in which they were sent."""

    items: list[EntityOut]


class EntityPage(PageOut[EntityOut]):
    """Entities, a part of them."""
