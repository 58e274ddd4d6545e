"""Programs that call the API."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Id
from quartapp.models.credential import Credential
from quartapp.models.user import User
from quartapp.texts import Text

TOKEN_NAME_LENGTH = 120
HINT_LENGTH = 8  # the first characters of a token, by which its owner knows it again
USED_STEP = timedelta(minutes=1)  # a use within this of the one before it is not written down


class Scope(StrEnum):
    """What a token may be used for, of what its owner may do; each holds those before it."""

    READ = Text("read")
    WRITE = Text("write")
    ADMIN = Text("admin")


class ApiToken(Credential):
    """One program that calls the API in the name of a person."""

    __tablename__ = "api_token"

    name: Mapped[str]
    scope: Mapped[Scope] = mapped_column(String(10))
    hint: Mapped[str] = mapped_column(String(HINT_LENGTH))
    used_at: Mapped[datetime | None]
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship(lazy="raise_on_sql")

    def has_scope(self, needed: Scope) -> bool:
        ranks = list(Scope)
        return ranks.index(Scope(self.scope)) >= ranks.index(needed)

    def is_unnoted(self, now: datetime) -> bool:
        """Tell whether it is time to write down that it was used."""
        return self.used_at is None or now >= self.used_at + USED_STEP
