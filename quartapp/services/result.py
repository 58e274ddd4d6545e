"""What looks have found: kept, and the sites moved by it."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Check, EventKind, Outage
from quartapp.models.certificate import (
    CertificateWatch,
    is_notice,
    notice,
    watch_certificate,
    write_notice,
)
from quartapp.models.check import find_due, find_next_slot
from quartapp.models.expectation import Verdict
from quartapp.models.look import Look, Outcome, Phases
from quartapp.models.reading import Reading
from quartapp.models.result import DETAIL_LENGTH, result
from quartapp.models.rules import Inspection
from quartapp.models.usability import CAUSE_LENGTH, Standing, advance, write_length
from quartapp.services.bug import record_inspections
from quartapp.services.check import stand
from quartapp.services.claim import Job
from quartapp.services.event import add_event
from quartapp.services.page_watch import record_readings
from quartapp.services.rollup import roll_again
from quartapp.texts import Text

PHASES = [field.name for field in fields(Phases)]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a job."""

    job: Job
    look: Look
    verdict: Verdict
    inspection: Inspection | None = None  # where the look was inspected for bugs
    reading: Reading | None = None  # where it moves what is known of the page

    @property
    def has_differed(self) -> bool:
        """Tell whether the page differs for the first time, which a second look has to confirm."""
        is_pending = self.reading is not None and self.reading.is_pending
        return is_pending and not self.job.page.is_pending


@dataclass(frozen=True, slots=True)
class Turn:
    """A site went down (an outage without an end) or came back (one with it)."""

    entity_id: int
    outage: Outage


async def record_reports(
    session: AsyncSession, reports: Iterable[Report], now: datetime
) -> list[Turn]:
    """Keep what was seen and move the sites by it; return who went down or came back.

    A report whose claim ran out is dropped: another worker has looked since, or will.
    """
    by_check = {report.job.check_id: report for report in reports}
    checks = await session.scalars(
        select(Check)
        .where(Check.id.in_(by_check))
        .order_by(Check.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows: list[dict[str, Any]] = []
    turns: list[Turn] = []
    inspections: dict[int, Inspection] = {}
    readings: dict[int, Reading] = {}
    for check in checks:
        report = by_check[check.id]
        if holds_claim(check, report.job):
            turns += await move(session, check, report, now)
            rows.append(make_row(check, report))
            if report.inspection:
                inspections[check.entity_id] = report.inspection
            if report.reading:
                readings[check.entity_id] = report.reading
    if rows:
        await session.execute(insert(result), rows)
    await roll_again(session, find_late(rows, turns), now)
    if inspections:
        await record_inspections(session, inspections, now)
    if readings:
        await record_readings(session, readings, now)
    await session.flush()
    return turns


def holds_claim(check: Check, job: Job) -> bool:
    """Tell whether nobody has claimed or changed it since, and it is not another one by that id.

    SQLite gives the id of the last site anew, and the first claim of any has the same fence.
    """
    return (check.fence, check.slot_at) == (job.fence, job.slot_at)


def find_late(rows: Iterable[dict[str, Any]], turns: Iterable[Turn]) -> dict[int, datetime]:
    """Return the moment since when more is known of each site than before."""
    since: dict[int, datetime] = {row["entity_id"]: row["started_at"] for row in rows}
    for turn in turns:
        at = turn.outage.ended_at or turn.outage.started_at
        since[turn.entity_id] = min(at, since[turn.entity_id])
    return since


async def move(session: AsyncSession, check: Check, report: Report, now: datetime) -> list[Turn]:
    old, started_at = check.standing, report.look.started_at
    new = advance(old, report.verdict.outcome, check.thresholds, started_at)
    turns = await note_turn(session, check, report, new) if old.is_out != new.is_out else []
    stand(check, new)
    check.looked_at, check.crashes = started_at, 0
    check.fence += 1  # it is reported: who has not heard of the commit reports in vain
    schedule(check, report, now)
    await note_certificate(session, check, report.look)
    return turns


async def note_certificate(session: AsyncSession, check: Check, look: Look) -> None:
    """Keep what the site showed, and tell when its end is near, once for each notice."""
    old, at = check.certificate_watch, look.started_at
    new = watch_certificate(old, look.certificate, at)
    check.certificate, check.certificate_until = new.fingerprint, new.until
    check.certificate_told = new.told
    if new.until and is_notice(old, new) and await add_notice(session, check.entity_id, new):
        title, detail = (
            write_notice(new.until, at),
            Text("Until %(at)s UTC.", at=f"{new.until:%Y-%m-%d %H:%M}"),
        )
        await add_event(session, check.entity_id, EventKind.CERTIFICATE, at, title, detail=detail)


async def add_notice(session: AsyncSession, entity_id: int, watch: CertificateWatch) -> bool:
    """Keep that a notice is given; False: it was before, and others between."""
    row = {"entity_id": entity_id, "fingerprint": watch.fingerprint, "days": watch.told}
    if await session.scalar(select(notice.c.days).filter_by(**row)):
        return False
    await session.execute(insert(notice).values(row))
    return True


async def note_turn(
    session: AsyncSession, check: Check, report: Report, new: Standing
) -> list[Turn]:
    """Open an outage, or end the one that is open."""
    since = new.since or report.look.started_at
    if new.is_out:
        outage = Outage(
            entity_id=check.entity_id,
            started_at=since,
            reason=report.verdict.reason or "",
            cause=report.verdict.detail[:CAUSE_LENGTH],
        )
        session.add(outage)
        await session.flush()
        check.outage_id = outage.id
    else:
        outage = await session.get_one(Outage, check.outage_id)
        outage.ended_at = await find_return(session, outage, since)
        check.outage_id = None
    await tell_turn(session, outage)
    return [Turn(check.entity_id, outage)]


async def find_return(session: AsyncSession, outage: Outage, since: datetime) -> datetime:
    """Return the first answer after the last failure; it may be from a window of maintenance."""
    slot_at, is_mine = result.c.slot_at, result.c.entity_id == outage.entity_id
    failures = select(slot_at).where(is_mine, result.c.outcome == Outcome.FAIL)
    failed_at = await session.scalar(failures.order_by(slot_at.desc()).limit(1))
    answers = select(result.c.started_at).where(is_mine, result.c.outcome == Outcome.OK)
    answers = answers.where(slot_at > (failed_at or outage.started_at))
    first = await session.scalar(answers.order_by(slot_at).limit(1))
    return min(first, since) if first else since


async def tell_turn(session: AsyncSession, outage: Outage) -> None:
    kind, at, title = EventKind.DOWN, outage.started_at, Text("It is down")
    detail = outage.cause
    if outage.ended_at:
        kind, at, detail = EventKind.UP, outage.ended_at, ""
        length = write_length(outage.ended_at - outage.started_at)
        title = Text("Up again after %(length)s", length=length)
    await add_event(session, outage.entity_id, kind, at, title, detail=detail, subject_id=outage.id)


def schedule(check: Check, report: Report, now: datetime) -> None:
    """Set the next look; a site that is paused has none."""
    dice = random.random()  # noqa: S311 (nobody gains by guessing it)
    took, has_differed = report.look.phases.total, report.has_differed
    check.slot_at = find_next_slot(
        check, check.standing, now, dice, took=took, has_differed=has_differed
    )
    check.due_at = None if check.is_paused else find_due(check.slot_at, check.interval, dice)


def make_row(check: Check, report: Report) -> dict[str, Any]:
    phases = report.look.phases
    return {
        "entity_id": check.entity_id,
        "slot_at": report.job.slot_at,
        "started_at": report.look.started_at,
        "outcome": report.verdict.outcome,
        "reason": report.verdict.reason or "",
        "detail": report.verdict.detail[:DETAIL_LENGTH],
        "state": check.state,
        "status": report.look.status,
        **{name: getattr(phases, name) for name in PHASES},
    }
