from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from quartapp.api.v1.schemas.base import In, Out, Patch, omittable
from quartapp.api.v1.schemas.paging import PageOut
from quartapp.api.v1.schemas.user import UserOut
from quartapp.models.comment import COMMENT_LENGTH
from quartapp.models.text import clean_text

CommentBody = Annotated[
    str, AfterValidator(clean_text), Field(min_length=1, max_length=COMMENT_LENGTH)
]


class CommentIn(In):
    """What somebody says about a site."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"body": "Moved to a new host."}]})

    body: CommentBody


class CommentPatch(Patch):
    """The fields to change."""

    body: CommentBody = omittable()


class CommentOut(Out):
    """A comment on a site."""

    id: int
    entity_id: int
    body: str
    author: UserOut | None
    created_at: datetime
    updated_at: datetime


class CommentPage(PageOut[CommentOut]):
    """Comments, a part of them."""
