"""Browsers that are signed in."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Id
from quartapp.models.credential import HASH_LENGTH, Credential
from quartapp.models.user import User

BROWSER_LENGTH, ADDRESS_LENGTH, FAMILY_LENGTH = 200, 45, 32

IDLE = timedelta(hours=12)  # without a request, and the secret in the cookie is void
LIFE = timedelta(days=7)  # then the password is asked for again
REMEMBERED_LIFE = timedelta(days=30)  # the same, for who wished to be remembered
FRESH = timedelta(minutes=15)  # since the password was given: enough for what is sensitive
SEEN_STEP = timedelta(minutes=1)  # a request within this of the one before it is not written down
TWO_FACTORS = {"password and code", "passkey"}  # ways in, in the words of the audit log
GRACE = timedelta(seconds=30)  # for requests that were on the way when a secret was replaced


class UserSession(Credential):
    """One browser that is signed in, from the password to the end, however often secrets change.

    `family` names it in the remember cookie; `remember_hash` is that of the one secret which wakes
    it. A secret that it had before is a copy: its use ends the session for all who hold one, except
    for `last_remember_hash` within GRACE of `woken_at`, when the session got the secret of now.
    `factor_at` is when a second factor was given in it, a code or a passkey; None: never,
    as far as is known.
    """

    __tablename__ = "user_session"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), index=True)
    browser: Mapped[str] = mapped_column(String(BROWSER_LENGTH), default="")
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH), default="")
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    factor_at: Mapped[datetime | None]
    family: Mapped[str] = mapped_column(String(FAMILY_LENGTH), unique=True)
    remember_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    last_remember_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    woken_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise_on_sql")

    def is_fresh(self, now: datetime) -> bool:
        return now < self.confirmed_at + FRESH

    def is_unnoted(self, now: datetime) -> bool:
        """Tell whether it is time to write down that it was seen."""
        return now >= self.seen_at + SEEN_STEP
