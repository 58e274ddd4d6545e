from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from quartapp.api.v1.schemas.base import ONE_LINE, In, Out, Secret
from quartapp.api.v1.schemas.paging import PageOut
from quartapp.models import Scope
from quartapp.models.entity import NAME_LENGTH
from quartapp.models.text import clean_line
from quartapp.models.user import EMAIL_LENGTH

Login = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=EMAIL_LENGTH), ONE_LINE
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
TokenName = Annotated[
    str, AfterValidator(clean_line), Field(min_length=1, max_length=NAME_LENGTH), ONE_LINE
]


class TokenIn(In):
    """Whose token, what it is for, and what it may be used for."""

    username: Login
    password: Secret
    code: Code | None = None
    name: TokenName = "API"
    scope: Scope = Scope.WRITE


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


class TokenPage(PageOut[TokenOut]):
    """Tokens, a part of them."""
