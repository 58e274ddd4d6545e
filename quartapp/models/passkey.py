"""Passkeys: keys that a device or a password manager holds, instead of passwords."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id
from quartapp.models.user import User

PASSKEY_NAME_LENGTH = 60
CREDENTIAL_ID_LENGTH = 700  # of base64url; an index of MariaDB holds no more than 768
PUBLIC_KEY_LENGTH = 1024  # bytes; RSA with 4096 bits needs half of that
TRANSPORTS_LENGTH = 100


class Passkey(Base):
    """The public half of one key.

    `used_at` is when the last sign-in by it began: no challenge up to then counts any more.
    """

    __tablename__ = "passkey"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(PASSKEY_NAME_LENGTH))
    credential_id: Mapped[str] = mapped_column(String(CREDENTIAL_ID_LENGTH), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(PUBLIC_KEY_LENGTH))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[str] = mapped_column(String(TRANSPORTS_LENGTH))  # "internal,hybrid"
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise_on_sql")
