from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from quartapp.api.v1.schemas.base import ONE_LINE, Flag, In, Out, Patch, Secret, omittable
from quartapp.api.v1.schemas.paging import NumberQuery, PageOut
from quartapp.models import Role
from quartapp.models.text import clean_username
from quartapp.models.user import EMAIL_LENGTH, USERNAME_LENGTH
from quartapp.security import MAX_PASSWORD, MIN_PASSWORD

UserName = Annotated[
    str, AfterValidator(clean_username), Field(min_length=1, max_length=USERNAME_LENGTH), ONE_LINE
]
NewPassword = Annotated[str, StringConstraints(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]


class SetupIn(In):
    """The token of the set-up link, and who becomes the first administrator."""

    token: Secret
    name: UserName
    password: NewPassword


class MePatch(Patch):
    """What people change of their own account."""

    name: UserName = omittable()


class UserPatch(Patch):
    """What administrators change; who is not active comes in no more."""

    role: Role = omittable()
    is_active: Flag = omittable()


class UserQuery(NumberQuery):
    """Which page; `q` is a part of a name or an address."""

    q: Annotated[str, StringConstraints(max_length=EMAIL_LENGTH)] = ""


class UserOut(Out):
    """A person, by name."""

    id: int
    name: str


class AccountOut(UserOut):
    """A person, as seen by themselves and administrators."""

    email: str | None
    role: Role
    is_active: bool
    created_at: datetime


class UserPage(PageOut[AccountOut]):
    """People, a part of them."""
