from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from quartapp.api.v1.schemas.base import ONE_LINE, In, Out, Secret
from quartapp.models.text import clean_username
from quartapp.models.user import USERNAME_LENGTH
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


class UserOut(Out):
    """A person, by name."""

    id: int
    name: str
