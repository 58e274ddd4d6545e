"""Who uses the application, and what lets them in."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id

USERNAME_LENGTH = 60
HASH_LENGTH = 64  # SHA-256, in hexadecimal digits


class User(Base):
    """A person with an account."""

    __tablename__ = "user"

    name: Mapped[str] = mapped_column(String(USERNAME_LENGTH), unique=True)
    password_hash: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(default=False)

    def __str__(self) -> str:
        return self.name


class Credential(Base):
    """A secret that stands for a user until it expires: only its hash is kept."""

    __abstract__ = True

    token_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    expires_at: Mapped[datetime]

    def is_valid(self, now: datetime) -> bool:
        return now < self.expires_at


class UserSession(Credential):
    """One browser that is signed in."""

    __tablename__ = "user_session"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship(lazy="raise_on_sql")


class ApiToken(Credential):
    """One program that calls the API."""

    __tablename__ = "api_token"

    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship(lazy="raise_on_sql")


class SetupToken(Credential):
    """The link that makes the first administrator; void once there is a user."""

    __tablename__ = "setup_token"
