"""How and when a site is looked at, and where it stands since."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quartapp.models.base import Base, Id
from quartapp.models.certificate import FINGERPRINT_LENGTH, CertificateWatch
from quartapp.models.entity import Entity
from quartapp.models.expectation import STATUSES_LENGTH, WORD_LENGTH, Expectation
from quartapp.models.json_path import PATH_LENGTH
from quartapp.models.usability import (
    DOUBTFUL,
    Outage,
    Standing,
    State,
    Thresholds,
)

HOST_LENGTH = 255  # characters
MIN_INTERVAL, INTERVAL, MAX_INTERVAL = 30, 60, 86_400  # s between two regular looks
ADMIN_INTERVAL = 10  # s, the least that administrators may set
MAX_THRESHOLD = 10  # looks in a row
MAX_TIMEOUT = 20.0  # s; and not longer than this share of the interval:
TIMEOUT_SHARE = 0.8
RETRY_AFTER = (15.0, 15.0, 30.0)  # s from one look in doubt to the next: the first, and so on
SECOND_LOOK_AFTER = 60.0  # s after a page has differed for the first time
MAX_CRASHES = 3  # workers that never came back from one look; it is left alone then for:
QUARANTINE = timedelta(hours=1)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Check(Base):
    """A site's looks: what is asked for, when the next is due, what the last ones have shown."""

    __tablename__ = "check"
    __table_args__ = (Index("ix_check_due_at", "due_at"), Base.__table_args__)

    entity_id: Mapped[int] = mapped_column(
        Id, ForeignKey("entity.id", ondelete="CASCADE"), unique=True
    )
    host: Mapped[str] = mapped_column(String(HOST_LENGTH))  # of the address, for fair turns

    # What people set.
    interval: Mapped[int]  # s
    down_after: Mapped[int]
    up_after: Mapped[int]
    statuses: Mapped[str] = mapped_column(String(STATUSES_LENGTH))
    present: Mapped[str] = mapped_column(String(WORD_LENGTH))
    absent: Mapped[str] = mapped_column(String(WORD_LENGTH))
    json_path: Mapped[str] = mapped_column(String(PATH_LENGTH))
    json_value: Mapped[str] = mapped_column(String(WORD_LENGTH))

    # When. The slot is when the next look should be, to the microsecond and the same for all; due
    # is when a worker may take it: a little beside the slot, or when another worker's lease ends.
    slot_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # None: never, it is paused
    fence: Mapped[int] = mapped_column(
        Id
    )  # counts claims and reports: only the last claim may report, once
    crashes: Mapped[int]  # claims that nothing came back from

    # Where it stands.
    state: Mapped[State] = mapped_column(String(20))
    state_since: Mapped[datetime | None]
    streak: Mapped[int]
    outage_id: Mapped[int | None] = mapped_column(Id, ForeignKey("outage.id", ondelete="SET NULL"))
    looked_at: Mapped[datetime | None]  # last
    certificate: Mapped[str | None] = mapped_column(String(FINGERPRINT_LENGTH))
    certificate_until: Mapped[datetime | None]
    certificate_told: Mapped[int | None]  # days before the end, by the last notice

    entity: Mapped[Entity] = relationship(lazy="raise_on_sql")
    outage: Mapped[Outage | None] = relationship(lazy="raise_on_sql")

    @property
    def is_paused(self) -> bool:
        return self.state == State.PAUSED

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.down_after, self.up_after)

    @property
    def timeout(self) -> float:
        return find_timeout(self.interval)

    @property
    def expected(self) -> Expectation:
        return Expectation(
            self.statuses, self.present, self.absent, self.json_path, self.json_value
        )

    @property
    def certificate_watch(self) -> CertificateWatch:
        return CertificateWatch(self.certificate, self.certificate_until, self.certificate_told)

    @property
    def standing(self) -> Standing:
        is_out = self.outage_id is not None
        return Standing(State(self.state), is_out, self.streak, self.state_since)


def find_timeout(interval: int) -> float:
    """Return the seconds for one look, redirects included."""
    return min(MAX_TIMEOUT, TIMEOUT_SHARE * interval)


def find_slot(entity_id: int, interval: int, after: datetime) -> datetime:
    """Return the first regular slot after a moment.

    Slots lie at phase + n * interval since a fixed day, so that no delay moves those that follow;
    the phase comes from the id, so that sites take turns.
    """
    phase = spread(entity_id) % (interval * 1_000)  # ms
    step = timedelta(seconds=interval)
    first = EPOCH + timedelta(milliseconds=phase)
    return first + step * ((after - first) // step + 1)


def spread(number: int) -> int:
    """Return another number for each, far from those of its neighbours (Knuth's hash, 32 bits)."""
    return number * 2_654_435_761 % 2**32


def find_next_slot(
    check: Check,
    standing: Standing,
    now: datetime,
    dice: float,
    *,
    took: float = 0.0,
    has_differed: bool = False,
) -> datetime:
    """Return when to look again: at the next slot, or sooner while the site is in doubt.

    A slot that comes within half an interval is left out: the look just made stands for it.
    *took* is how many seconds that took: who hangs is asked again as soon as who refuses.
    *dice* in 0 … 1 spreads the sooner ones by a fifth, that no herd of them forms.
    """
    enough = now + timedelta(seconds=check.interval / 2)
    regular = find_slot(check.entity_id, check.interval, max(enough, check.slot_at))
    if standing.state in DOUBTFUL:
        wait = RETRY_AFTER[min(standing.streak, len(RETRY_AFTER)) - 1]
    elif has_differed:
        wait = SECOND_LOOK_AFTER
    else:
        return regular
    left = max(0.0, wait * (0.8 + 0.4 * dice) - took)
    return min(regular, now + timedelta(seconds=left))


def find_due(slot: datetime, interval: int, dice: float) -> datetime:
    """Return when a worker may take a slot: up to 5 % of the interval beside it, 10 s at most."""
    return slot + timedelta(seconds=min(10.0, 0.05 * interval) * (2 * dice - 1))
