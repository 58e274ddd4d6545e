"""What was answered to requests that may come again: once for each key of a person."""

from datetime import timedelta

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quartapp.models.base import Base, Id
from quartapp.models.packed import Packed

KEY_LENGTH = 255  # characters
KEPT_FOR = timedelta(hours=24)
LOCATION_LENGTH = 200
ETAG_LENGTH = 40


class KeptAnswer(Base):
    """What was answered; `status` is None while the work goes on, which nobody else sees."""

    __tablename__ = "kept_answer"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_kept_answer_created_at", "created_at"),
        Base.__table_args__,
    )

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(KEY_LENGTH))
    fingerprint: Mapped[str] = mapped_column(String(64))  # SHA-256 of what was asked
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(String(LOCATION_LENGTH))
    etag: Mapped[str | None] = mapped_column(String(ETAG_LENGTH))
    body: Mapped[bytes | None] = mapped_column(Packed)  # compressed
