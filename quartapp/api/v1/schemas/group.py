from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from quartapp.api.v1.schemas.base import ONE_LINE, Flag, In, Out, Patch, RowId, omittable
from quartapp.api.v1.schemas.paging import PageOut
from quartapp.api.v1.schemas.usability import SiteOut
from quartapp.models.entity import MAX_CHOSEN, NAME_LENGTH
from quartapp.models.group import DESCRIPTION_LENGTH
from quartapp.models.text import clean_line, clean_text

GroupName = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=NAME_LENGTH), ONE_LINE
]
Description = Annotated[str, AfterValidator(clean_text), Field(max_length=DESCRIPTION_LENGTH)]
SiteIds = Annotated[list[RowId], Field(max_length=MAX_CHOSEN)]


class GroupIn(In):
    """Some sites under a name; where it is public, strangers see those of them that are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Shops", "is_public": True, "entity_ids": []}]}
    )

    name: GroupName
    description: Description = ""
    is_public: Flag = False
    entity_ids: SiteIds = []


class GroupPatch(Patch):
    """The fields to change."""

    name: GroupName = omittable()
    description: Description = omittable()
    is_public: Flag = omittable()
    entity_ids: SiteIds = omittable()


class GroupOut(Out):
    """A group with its sites by name, also those that are not public."""

    id: int
    name: str
    slug: str
    description: str
    is_public: bool
    entities: list[SiteOut]


class GroupPage(PageOut[GroupOut]):
    """Groups by name."""
