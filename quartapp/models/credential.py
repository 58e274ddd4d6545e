"""What the secrets have in common that stand for somebody."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from quartapp.models.base import Base

HASH_LENGTH = 64  # SHA-256, in hexadecimal digits


class Credential(Base):
    """A secret that holds until it expires: only its hash is kept."""

    __abstract__ = True

    token_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    expires_at: Mapped[datetime]
