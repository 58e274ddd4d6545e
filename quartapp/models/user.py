"""Who uses the application."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from quartapp.models.base import Base
from quartapp.models.text import ADDRESS_LENGTH
from quartapp.texts import Text

NO_PASSWORD = ""  # in place of a hash: nothing matches it, only a link leads in  # nosec B105
USERNAME_LENGTH = 60
EMAIL_LENGTH = ADDRESS_LENGTH
ROLE_LENGTH = 20
LANGUAGES = {"en": "English", "ru": "Русский", "zh": "中文"}
LANGUAGE_LENGTH = 8
THEME_LENGTH = 8


class Role(StrEnum):
    """What a person is here for; models/rights.py says what each may do."""

    VIEWER = Text("viewer")
    EDITOR = Text("editor")
    ADMIN = Text("admin")


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


class User(Base):
    """A person with an account."""

    __tablename__ = "user"

    name: Mapped[str] = mapped_column(String(USERNAME_LENGTH), unique=True)
    email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH), unique=True, index=True)
    email_confirmed_at: Mapped[datetime | None]
    password_hash: Mapped[str]
    role: Mapped[Role] = mapped_column(String(ROLE_LENGTH), default=Role.VIEWER)
    disabled_at: Mapped[datetime | None]
    # None: the one of the browser; of mails, the one of the settings.
    language: Mapped[str | None] = mapped_column(String(LANGUAGE_LENGTH))
    theme: Mapped[Theme | None] = mapped_column(String(THEME_LENGTH))  # None: the system's

    def __str__(self) -> str:
        return self.name

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None
