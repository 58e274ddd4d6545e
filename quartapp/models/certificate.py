"""When a certificate is about to end, and when people are told so."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from quartapp.models.base import Base, Id
from quartapp.models.look import SeenCertificate
from quartapp.texts import Count, Text

NOTICES = (1, 3, 7, 14, 30)  # days before the end
FINGERPRINT_LENGTH = 64  # characters

# Each notice is given once, also where a site shows several certificates in turn.
notice = Table(
    "notice",
    Base.metadata,
    Column("entity_id", Id, ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", String(FINGERPRINT_LENGTH), primary_key=True),
    Column("days", Integer, primary_key=True, autoincrement=False),
    **Base.__table_args__,
)


@dataclass(frozen=True, slots=True)
class CertificateWatch:
    """The certificate that a site showed last, and the notice that was given of it last."""

    fingerprint: str | None = None
    until: datetime | None = None
    told: int | None = None  # days


def watch_certificate(
    now: CertificateWatch, seen: SeenCertificate | None, at: datetime
) -> CertificateWatch:
    """Return what is known after a look; a renewed certificate has all notices before it again."""
    if seen is None:
        return now
    is_same = seen.fingerprint == now.fingerprint
    told = now.told if is_same else None
    due = find_notice(seen.not_after, at)
    if due is not None and (told is None or due < told):
        told = due
    return CertificateWatch(seen.fingerprint, seen.not_after, told)


def is_notice(old: CertificateWatch, new: CertificateWatch) -> bool:
    """Have people to be told of the step from *old* to *new*, unless they were before."""
    if new.told is None:
        return False
    return old.fingerprint != new.fingerprint or old.told != new.told


def find_notice(until: datetime, at: datetime) -> int | None:
    """Return the nearest notice that is due; None: the end is further away than any."""
    return next((days for days in NOTICES if until - at <= timedelta(days=days)), None)


def write_notice(until: datetime, at: datetime) -> Text:
    days = math.ceil((until - at) / timedelta(days=1))
    if days <= 0:
        return Text("Its certificate has ended")
    if days == 1:
        return Text("Its certificate ends within a day")
    return Count(
        "Its certificate ends in %(num)d day", "Its certificate ends in %(num)d days", days
    )
