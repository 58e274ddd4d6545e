"""What tests of watched pages share: looks at pages that nobody has fetched."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import Entity, PageWatch, Tamper, User, utcnow
from quartapp.models.difference import Severity
from quartapp.models.expectation import judge
from quartapp.models.learning import FEWEST
from quartapp.models.packed import pack
from quartapp.models.tamper import TamperKind, TamperState
from quartapp.monitoring.reader import Reader
from quartapp.services.claim import claim_check
from quartapp.services.result import Report, record_reports
from quartapp.services.tamper import accept_page, edit_page, get_tamper, settle_tamper
from tests.models.test_content import see

MINUTE = timedelta(minutes=1)


async def show(entity: Entity, *pages: str) -> list[str]:
    """Let looks at a site see some pages; return where it stands after each."""
    states = []
    for page in pages:
        async with db.begin() as session:
            site = await session.get_one(Entity, entity.id)
            job = await claim_check(session, site, now=utcnow(), lease=MINUTE)
        look = see(page)
        verdict = judge(look, job.expected)
        reading = await Reader().read(job, look, verdict)
        async with db.begin() as session:
            report = Report(job, look, verdict, reading=reading)
            await record_reports(session, [report], utcnow())
        states.append(str((await load_page(entity)).state))
    return states


async def load_page(entity: Entity) -> PageWatch:
    async with db.read() as session:
        query = select(PageWatch).where(PageWatch.entity_id == entity.id)
        return (await session.scalars(query)).one()


async def load_tampers(entity: Entity) -> list[Tamper]:
    async with db.read() as session:
        query = select(Tamper.id).where(Tamper.entity_id == entity.id).order_by(Tamper.id)
        ids = list(await session.scalars(query))
        return [await get_tamper(session, one, seen_by=User()) for one in ids]


async def add_tamper(entity: Entity, state: TamperState = TamperState.OPEN) -> Tamper:
    """Add a change that no look has seen."""
    tamper = Tamper(
        entity_id=entity.id,
        found_at=utcnow(),
        kind=TamperKind.MISSING,
        detail=f"#{state}",
        severity=Severity.HIGH,
        added=0,
        removed=0,
        replaced=0,
        is_cut=False,
        difference=pack([]),
        text=pack(""),
        state=state,
    )
    async with db.begin() as session:
        session.add(tamper)
    return tamper


async def learn(entity: Entity, by: User, *pages: str) -> None:
    """Let a page be learned, and accepted by a person."""
    await show(entity, *(pages or ("<p>Head<p>Welcome",) * FEWEST))
    async with db.begin() as session:
        site = await session.get_one(Entity, entity.id)
        await accept_page(session, site, await session.get_one(User, by.id))


async def settle(tamper: Tamper, by: User, state: TamperState) -> None:
    async with db.begin() as session:
        me = await session.get_one(User, by.id)
        own = await get_tamper(session, tamper.id, seen_by=me)
        await settle_tamper(session, own, me, state)


async def edit(entity: Entity, by: User, **changes: Any) -> None:
    async with db.begin() as session:
        site, me = await session.get_one(Entity, entity.id), await session.get_one(User, by.id)
        await edit_page(session, site, me, **changes)
