"""The whole v1 contract. Change nothing here that a client can see; add."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from quartapp.models import Scope
from quartapp.models.comment import COMMENT_LENGTH
from quartapp.models.entity import CONTENT_LENGTH, NAME_LENGTH, URL_LENGTH
from quartapp.models.text import clean_line, clean_text, clean_url, clean_username
from quartapp.models.user import EMAIL_LENGTH, USERNAME_LENGTH
from quartapp.security import MAX_PASSWORD, MIN_PASSWORD
from quartapp.services.paging import MAX_NUMBER, MAX_SIZE

T = TypeVar("T")

# What the rules of models/text.py come to, for clients that read the document.
ONE_LINE = Field(json_schema_extra={"pattern": r"^[^\u0000-\u001F\u007F-\u009F]*$"})
HTTP_URL = Field(json_schema_extra={"format": "uri", "pattern": r"^https?://[^\s@\\]+$"})
# Cleaned first, measured afterwards: what is kept has the length that is promised.
EntityName = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=NAME_LENGTH), ONE_LINE
]
EntityUrl = Annotated[
    str, AfterValidator(clean_url), Field(min_length=8, max_length=URL_LENGTH), HTTP_URL
]
EntityContent = Annotated[str, AfterValidator(clean_text), Field(max_length=CONTENT_LENGTH)]
CommentBody = Annotated[
    str, AfterValidator(clean_text), Field(min_length=1, max_length=COMMENT_LENGTH)
]
Login = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=EMAIL_LENGTH), ONE_LINE
]
UserName = Annotated[
    str, AfterValidator(clean_username), Field(min_length=1, max_length=USERNAME_LENGTH), ONE_LINE
]
TokenName = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=NAME_LENGTH), ONE_LINE
]
NewPassword = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]


class In(BaseModel):
    """What a client sends; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


def omittable() -> Any:
    return Field(default=None)


def drop_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Patch(In):
    """A field that is left out is not changed; null is not the same."""

    model_config = ConfigDict(json_schema_extra=drop_defaults)


# What is asked of a listing


class NumberQuery(In):
    """Which page, and how many rows it has."""

    page: int = Field(1, ge=1, le=MAX_NUMBER)
    per_page: int = Field(20, ge=1, le=MAX_SIZE)


class PageQuery(NumberQuery):
    """By number (`page`), or by key: `cursor=` for the first part, then what `_meta` names."""

    cursor: Annotated[str, StringConstraints(max_length=500)] | None = None


class EntityQuery(PageQuery):
    q: Annotated[str, StringConstraints(max_length=NAME_LENGTH)] = ""


# What is sent


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
    is_public: bool = False


class EntityPatch(Patch):
    """The fields to change."""

    name: EntityName = omittable()
    url: EntityUrl = omittable()
    content: EntityContent = omittable()
    is_public: bool = omittable()


class CommentIn(In):
    """What somebody says about a site."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"body": "Moved to a new host."}]})

    body: CommentBody


class CommentPatch(Patch):
    """The fields to change."""

    body: CommentBody = omittable()


class SetupIn(In):
    """The token of the set-up link, and who becomes the first administrator."""

    token: Secret
    name: UserName
    password: NewPassword


class TokenIn(In):
    """Whose token, what it is for, and what it may be used for."""

    username: Login
    password: Secret
    name: TokenName = "API"
    scope: Scope = Scope.WRITE


# What comes back


class UserOut(Out):
    """A person, by name."""

    id: int
    name: str


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


class CommentOut(Out):
    """A comment on a site."""

    id: int
    entity_id: int
    body: str
    author: UserOut | None
    created_at: datetime
    updated_at: datetime


class TokenOut(Out):
    """A token without its secret: `hint` is how it begins."""

    id: int
    name: str
    scope: Scope
    hint: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime


class NewTokenOut(TokenOut):
    """A new bearer token, shown this once."""

    token: str


class SessionOut(Out):
    """A browser that is signed in: what it calls itself, and from where it was last seen."""

    id: int
    browser: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


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


class EntityPage(PageOut[EntityOut]):
    """Entities, a part of them."""


class CommentPage(PageOut[CommentOut]):
    """Comments, a part of them."""


class TokenPage(PageOut[TokenOut]):
    """Tokens, a part of them."""


class SessionPage(PageOut[SessionOut]):
    """Sessions, a part of them."""


class ErrorOut(Out):
    """One wrong field."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(Out):
    """What went wrong, as RFC 9457 says it."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ErrorOut] = []
