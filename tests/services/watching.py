"""What tests of checks share: sites, claims, and reports of looks that nobody made."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import Check, Entity, Outage, User
from quartapp.models.expectation import judge
from quartapp.models.look import Look, Phases, Reason
from quartapp.models.share import Shares
from quartapp.services.claim import Job, claim_checks
from quartapp.services.entity import add_entity
from quartapp.services.result import Report, Turn, record_reports

LEASE = timedelta(seconds=60)
HOUR = timedelta(hours=1)


async def watch(*urls: str, owner: User | None = None) -> list[Entity]:
    label = f"Site of {owner.name}" if owner else "Site"
    async with db.begin() as session:
        return [
            await add_entity(session, name=f"{label} {number}", url=url, owner=owner)
            for number, url in enumerate(urls, 1)
        ]


async def claim(now: datetime, limit: int = 50, **given: Any) -> list[Job]:
    shares = Shares(**deepcopy(given))  # what is chosen is counted there
    async with db.begin() as session:
        return await claim_checks(session, now=now, lease=LEASE, limit=limit, shares=shares)


def see(job: Job, at: datetime, reason: Reason | None = None) -> Report:
    phases = Phases(dns=0.001, connect=0.002, first_byte=0.003, total=0.006)
    detail = f"It was {reason}." if reason else ""
    status = None if reason else 200
    look = Look(job.url, at, reason=reason, detail=detail, status=status, phases=phases)
    return Report(job, look, judge(look, job.expected))


async def record(*reports: Report, now: datetime) -> list[Turn]:
    async with db.begin() as session:
        return await record_reports(session, reports, now)


async def look(now: datetime, reason: Reason | None = None) -> list[Turn]:
    """Claim what is due, and report the same of all."""
    return await record(*[see(job, now, reason) for job in await claim(now)], now=now)


async def load_check() -> Check:
    async with db.read() as session:
        return (await session.scalars(select(Check).order_by(Check.id))).first() or Check()


async def load_outages() -> list[Outage]:
    async with db.read() as session:
        return list(await session.scalars(select(Outage).order_by(Outage.id)))
