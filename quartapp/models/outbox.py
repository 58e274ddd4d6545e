"""Mail that is to be sent: written with what causes it, and forgotten but for its envelope."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column

from quartapp.models.base import Base
from quartapp.models.text import ADDRESS_LENGTH, ENCODED, is_control
from quartapp.texts import Text

SUBJECT_LENGTH, ERROR_LENGTH = 120, 500  # characters
MESSAGE_ID_LENGTH = 300
CLAIM_LENGTH = 32  # hexadecimal digits

LIFE = timedelta(hours=24)  # from its row until a message is given up
DELAYS = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240, 360)]


class OutboxState(StrEnum):
    WAITING = Text("waiting")
    SENT = Text("sent")
    FAILED = Text("failed")


class OutboxMessage(Base):
    """A mail to one person; its text, which may hold links, is kept until it is sent or failed."""

    __tablename__ = "outbox_message"

    message_id: Mapped[str] = mapped_column(String(MESSAGE_ID_LENGTH), unique=True)
    recipient: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    subject: Mapped[str] = mapped_column(String(SUBJECT_LENGTH))
    text: Mapped[str] = mapped_column(LongText)
    html: Mapped[str] = mapped_column(LongText)
    # When a worker may take it, which puts this off for as long as it may keep it; None: finished.
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    claimed_by: Mapped[str | None] = mapped_column(String(CLAIM_LENGTH), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(ERROR_LENGTH), default="")

    @property
    def state(self) -> OutboxState:
        if self.sent_at:
            return OutboxState.SENT
        return OutboxState.FAILED if self.failed_at else OutboxState.WAITING

    def find_next_try(self, now: datetime) -> datetime | None:
        """Return when to try again after a failure; None: it has been tried for long enough."""
        end = self.created_at + LIFE
        delay = DELAYS[min(self.attempts, len(DELAYS)) - 1]
        return min(now + delay, end) if now < end else None


def clean_subject(value: str) -> str:
    """Return *value* as one line that no header's syntax can be read into, cut at its limit."""
    if any(is_control(character) for character in value):
        raise ValueError(Text("Control characters are not allowed."))
    line = " ".join(value.replace(ENCODED, "= ?").split())
    return line if len(line) <= SUBJECT_LENGTH else f"{line[: SUBJECT_LENGTH - 1].rstrip()}…"
