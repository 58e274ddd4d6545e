"""Who is behind a request or socket, and by which credential."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from quart import g

from quartapp.errors import UnauthorizedError
from quartapp.models import ApiToken, User, UserSession
from quartapp.texts import Text

SIGN_IN = Text("Sign in to see this.")
GET_TOKEN = Text("This token does not hold, or no longer: ask for another one.")
GIVE_FACTOR = Text("Sign in again, with your second factor: a password is not enough here.")


@dataclass(frozen=True, slots=True)
class Asker:
    """A person in a browser (`session`) or a program (`token`); a stranger has neither.

    `weak` is a stranger's session that counts for nothing, as a second factor is missing in it;
    who `has_void_token` is a stranger, too.
    """

    session: UserSession | None = None
    token: ApiToken | None = None
    weak: UserSession | None = None
    has_void_token: bool = False

    @property
    def credential(self) -> UserSession | ApiToken | None:
        return self.session or self.token

    @property
    def user(self) -> User | None:
        return self.credential.user if self.credential else None

    def is_unnoted(self, now: datetime) -> bool:
        """Tell whether it is time to write down that the credential is in use."""
        return self.credential is not None and self.credential.is_unnoted(now)


STRANGER, VOID = Asker(), Asker(has_void_token=True)


def get_asker() -> Asker:
    return cast(Asker, g.get("asker", STRANGER))


def find_user() -> User | None:
    """Return the user of this request or socket, None for a stranger."""
    return get_asker().user


def get_user() -> User:
    """Return the user of this request or socket; UnauthorizedError for a stranger."""
    user = find_user()
    if user is None:
        raise UnauthorizedError(describe_stranger(get_asker()))
    return user


def describe_stranger(asker: Asker) -> str:
    """Say what a stranger has to do."""
    if asker.weak:
        return GIVE_FACTOR
    return GET_TOKEN if asker.has_void_token else SIGN_IN
