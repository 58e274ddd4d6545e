"""What people show besides their password: the code of an app, or one that they wrote down."""

from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quartapp.models.base import Base, Id
from quartapp.models.credential import HASH_LENGTH

ISSUER = "quartapp"
RECOVERY_CODES = 10
WINDOW = 1  # steps of 30 s by which a clock may be wrong, either way (RFC 6238 §5.2)


class SecondFactor(Base):
    """The secret that somebody's app makes codes of (TOTP); it is there once it was confirmed.

    The secret has to be read again, so it is sealed, not hashed. No code up to that of `last_step`
    counts any more: each works once.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[str]
    last_step: Mapped[int] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code for who lost the app. It works once: used ones are gone."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)


def make_secret() -> str:
    return pyotp.random_base32()  # 160 bits


def find_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the step, 30 s since 1970, that *code* belongs to; None when it is wrong or old."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return None


def describe_secret(secret: str, name: str) -> str:
    """Return the address that an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
