from typing import Annotated, Literal

from pydantic import Field

from quartapp.api.v1.schemas.base import In, RowId, Whole
from quartapp.models.event import Topic

MAX_CHOSEN = 1000  # entities


class SubscribeIn(In):
    """What a socket hears from now on (null: everything), and what is sent to it again."""

    event: Literal["subscribe"]
    entities: Annotated[frozenset[RowId], Field(max_length=MAX_CHOSEN)] | None = None
    topics: frozenset[Topic] | None = None
    since: Annotated[Whole, Field(ge=0, le=2**63 - 1)] | None = None  # an event's id
