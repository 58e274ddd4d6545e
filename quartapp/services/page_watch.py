"""Where the pages of sites stand: what a look needs of it, and what a look moves."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Baseline, EventKind, PageWatch, Tamper, User
from quartapp.models.packed import pack
from quartapp.models.page_state import MAX_BASELINES, PageState, Watch
from quartapp.models.reading import Alert, Kept, Plan, Reading, pack_watch, unpack_watch
from quartapp.models.tamper import TamperKind, TamperState, make_lens
from quartapp.services.batch import pad
from quartapp.services.event import add_event
from quartapp.texts import Text

TOLD = {
    TamperKind.CHANGED: (EventKind.CHANGED, Text("The page was changed")),
    TamperKind.MISSING: (EventKind.MISSING, Text("A part of the page is missing")),
}
PLANNED: tuple[Any, ...] = (
    *(PageWatch.entity_id, PageWatch.is_on, PageWatch.state, PageWatch.missing, PageWatch.answer),
    *(PageWatch.checksum, PageWatch.exclude, PageWatch.include, PageWatch.ignore),
    *(PageWatch.sort_lines, PageWatch.unique_lines),
)
MAX_TAMPERS = 200  # of one site: of a page that never rests the oldest go, but no incident


# --- before a look


async def load_plans(session: AsyncSession, entity_ids: Collection[int]) -> dict[int, Plan]:
    """Return how the pages of sites are read; one that nobody has read yet is not among them."""
    query = select(*PLANNED).where(PageWatch.entity_id.in_(pad(entity_ids)))
    return {row.entity_id: make_plan(row) for row in await session.execute(query)}


def make_plan(row: Row[Any]) -> Plan:
    return Plan(
        is_on=row.is_on,
        lens=make_lens(row),
        state=PageState(row.state),
        missing=row.missing,
        answer=row.answer,
        checksum=row.checksum,
    )


async def load_kept(session: AsyncSession, entity_ids: Collection[int]) -> dict[int, Kept]:
    """Return all that is known of pages, by the ids of their sites."""
    used = select(Baseline.entity_id, Baseline.text)
    used = used.where(Baseline.entity_id.in_(entity_ids), Baseline.is_used)
    texts: dict[int, tuple[bytes, ...]] = {}
    for entity_id, text in await session.execute(used.order_by(Baseline.id.desc())):
        texts[entity_id] = (*texts.get(entity_id, ()), text)[:MAX_BASELINES]
    columns = (PageWatch.entity_id, PageWatch.state, PageWatch.missing, PageWatch.memory)
    pages = await session.execute(select(*columns).where(PageWatch.entity_id.in_(entity_ids)))
    return {
        id: Kept(PageState(state), missing, memory, texts.get(id, ()))
        for id, state, missing, memory in pages
    }


# --- after it


async def record_readings(
    session: AsyncSession, readings: Mapping[int, Reading], now: datetime
) -> list[Tamper]:
    """Move the pages of some sites, by their ids; return what people are to be told.

    The caller holds the checks of the sites, so that nobody crosses it.
    """
    query = select(PageWatch).where(PageWatch.entity_id.in_(readings))
    pages = {page.entity_id: page for page in await session.scalars(query)}
    tampers: list[Tamper] = []
    for entity_id, reading in readings.items():
        page = pages.get(entity_id) or make_page(entity_id)
        session.add(page)
        if page.state == PageState.LEARNING and reading.state is PageState.UNCONFIRMED:
            await ask_to_accept(session, entity_id, now)
        stand(page, reading.state, now)
        page.missing, page.memory = reading.missing, reading.memory
        page.answer, page.checksum = reading.answer, reading.checksum
        if reading.alert:
            tampers.append(await add_tamper(session, entity_id, reading.alert, now))
    await session.flush()
    return tampers


async def ask_to_accept(session: AsyncSession, entity_id: int, now: datetime) -> None:
    title = Text("The page is learned")
    detail = Text("Nothing is told of it until somebody accepts that.")
    await add_event(session, entity_id, EventKind.LEARNED, now, title, detail=detail)


def make_page(entity_id: int) -> PageWatch:
    """Return a page that is to be learned."""
    return PageWatch(
        entity_id=entity_id,
        is_on=True,
        exclude="",
        include="",
        ignore="",
        sort_lines=False,
        unique_lines=False,
        state=PageState.LEARNING,
        missing=0,
        answer="",
        checksum="",
        memory=pack_watch(Watch()),
    )


def stand(page: PageWatch, state: PageState, now: datetime) -> None:
    if page.state != state or page.state_since is None:
        page.state, page.state_since = state, now


async def add_tamper(session: AsyncSession, entity_id: int, alert: Alert, now: datetime) -> Tamper:
    tamper = Tamper(
        entity_id=entity_id,
        found_at=now,
        kind=alert.kind,
        detail=alert.detail,
        severity=alert.severity,
        added=alert.added,
        removed=alert.removed,
        replaced=alert.replaced,
        is_cut=alert.is_cut,
        difference=alert.difference,
        text=alert.text,
        state=TamperState.OPEN,
    )
    session.add(tamper)
    await session.flush()
    kind, title = TOLD[tamper.kind]
    if kind is EventKind.MISSING and not tamper.detail:
        title = Text("The page has no text")
    detail = tamper.detail or count_lines(tamper)
    await add_event(session, entity_id, kind, now, title, detail=detail, subject_id=tamper.id)
    await drop_oldest(session, entity_id)
    return tamper


def count_lines(tamper: Tamper) -> str:
    counts = {
        Text("lines added: %(count)s", count=tamper.added): tamper.added,
        Text("lines removed: %(count)s", count=tamper.removed): tamper.removed,
        Text("lines replaced: %(count)s", count=tamper.replaced): tamper.replaced,
    }
    return ", ".join(text for text, count in counts.items() if count)


async def drop_oldest(session: AsyncSession, entity_id: int) -> None:
    kept = Tamper.entity_id == entity_id, Tamper.state != TamperState.INCIDENT
    query = select(Tamper.id).where(*kept).order_by(Tamper.id.desc()).offset(MAX_TAMPERS)
    # MariaDB wants a limit beside an offset.
    if oldest := list(await session.scalars(query.limit(MAX_TAMPERS))):
        await session.execute(delete(Tamper).where(Tamper.id.in_(oldest)))


# --- when people change it; they hold the check, too


async def load_watch(session: AsyncSession, page: PageWatch) -> Watch:
    kept = await load_kept(session, [page.entity_id])
    return unpack_watch(kept.get(page.entity_id), page.lens)


def keep_watch(page: PageWatch, watch: Watch, now: datetime) -> None:
    """Write where a page stands."""
    stand(page, watch.state, now)
    page.missing, page.memory = watch.missing, pack_watch(watch)
    forget_answer(page)


def forget_answer(page: PageWatch) -> None:
    """Have the next look compared, whatever it shows."""
    page.answer = page.checksum = ""


async def learn_again(session: AsyncSession, page: PageWatch, now: datetime) -> None:
    """Forget what was learned; what was accepted stays as history only."""
    keep_watch(page, Watch(), now)
    await retire_baselines(session, page, 0)


async def add_baseline(session: AsyncSession, page: PageWatch, text: str, by: User) -> Baseline:
    """Compare looks with one text more, and with no more than the newest few."""
    packed = pack(text)
    same = Baseline.entity_id == page.entity_id, Baseline.text == packed
    await session.execute(update(Baseline).where(*same).values(is_used=False))
    baseline = Baseline(entity_id=page.entity_id, is_used=True, text=packed, accepted_by=by)
    session.add(baseline)
    await session.flush()
    await retire_baselines(session, page, MAX_BASELINES)
    return baseline


async def retire_baselines(session: AsyncSession, page: PageWatch, kept: int) -> None:
    used = select(Baseline.id).where(Baseline.entity_id == page.entity_id, Baseline.is_used)
    newest_first = list(await session.scalars(used.order_by(Baseline.id.desc())))
    if retired := newest_first[kept:]:
        await session.execute(
            update(Baseline).where(Baseline.id.in_(retired)).values(is_used=False)
        )
