"""What is asked of a listing, and how a part of it is told."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator, Field, StringConstraints

from quartapp.api.v1.schemas.base import Out, Query
from quartapp.services.paging import MAX_NUMBER, MAX_SIZE

T = TypeVar("T")


def make_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


# What may be said more than once: `?state=down&state=suspect`.
Several = Annotated[list[T], BeforeValidator(make_list)]


class NumberQuery(Query):
    """Which page, and how many rows it has."""

    page: int = Field(1, ge=1, le=MAX_NUMBER)
    per_page: int = Field(20, ge=1, le=MAX_SIZE)


class PageQuery(NumberQuery):
    """By number (`page`), or by key: `cursor=` for the first part, then what `_meta` names."""

    cursor: Annotated[str, StringConstraints(max_length=500)] | None = None


class MetaOut(Out):
    """Where a page stands; by key there is neither number nor total."""

    per_page: int
    page: int | None = None
    pages: int | None = None
    total: int | None = None
    next_cursor: str | None = None


class LinksOut(Out):
    """The addresses of this page and its neighbours."""

    self: str
    first: str
    prev: str | None = None
    next: str | None = None
    last: str | None = None


class PageOut(Out, Generic[T]):
    """A part of a listing."""

    items: list[T]
    meta: MetaOut = Field(alias="_meta")
    links: LinksOut = Field(alias="_links")
