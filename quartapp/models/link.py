"""Links that stand for somebody until they are used: printed, handed on, or sent by mail."""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Id
from quartapp.models.credential import Credential
from quartapp.models.user import EMAIL_LENGTH, ROLE_LENGTH, Role, User


class Purpose(StrEnum):
    """What a link is for; it is void for anything else."""

    SETUP = "setup"  # make the first administrator
    INVITE = "invite"  # register, because somebody wished it
    JOIN = "join"  # register, because one wished it oneself
    CONFIRM = "confirm"  # show that an address is one's own
    RESET = "reset"  # choose a new password


TO_REGISTER = (Purpose.INVITE, Purpose.JOIN)
LIFE = {
    Purpose.SETUP: timedelta(days=1),
    Purpose.INVITE: timedelta(days=3),
    Purpose.JOIN: timedelta(days=3),
    Purpose.CONFIRM: timedelta(days=3),
    Purpose.RESET: timedelta(minutes=30),
}


class Link(Credential):
    """A link that works once."""

    __tablename__ = "link"

    purpose: Mapped[Purpose] = mapped_column(String(10))
    user_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("user.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH))
    role: Mapped[Role | None] = mapped_column(String(ROLE_LENGTH))

    user: Mapped[User | None] = relationship(lazy="raise_on_sql")
