"""Changes of watched pages: what people read of them, and what they make of them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload, undefer

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.models import Baseline, Entity, EventKind, PageWatch, Tamper, User, utcnow
from quartapp.models.content import PageText
from quartapp.models.difference import Row
from quartapp.models.lens import clean_pattern, clean_selector
from quartapp.models.packed import unpack
from quartapp.models.page_state import PageState, accept_baseline
from quartapp.models.reading import propose_patterns, unpack_rows
from quartapp.models.rights import may_settle_tampers
from quartapp.models.tamper import LIST_LENGTH, TamperKind, TamperState
from quartapp.services.check import lock_check, look_soon
from quartapp.services.entity import match_site
from quartapp.services.event import add_event
from quartapp.services.page_watch import (
    add_baseline,
    forget_answer,
    keep_watch,
    learn_again,
    load_watch,
    make_page,
)
from quartapp.services.rights import refuse_stranger
from quartapp.texts import Text, find_text

MAX_LISTED = 50  # selectors, or patterns
ONE_LINE = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
CLEANERS: dict[str, Callable[[str], str]] = {
    "exclude": clean_selector,
    "include": clean_selector,
    "ignore": clean_pattern,
}
SETTLED = {TamperState.ACCEPTED, TamperState.IGNORED}  # an incident may come to either


# --- what people read


def select_tampers(
    *,
    seen_by: User | None,
    entity_id: int | None = None,
    states: Iterable[TamperState] = (),
    site: str = "",
) -> Select[Tamper]:
    """The changes of what *seen_by* may see, the newest first; sites and people loaded.

    *site* is a part of the name or address of one.
    """
    query = select(Tamper).join(Tamper.entity)
    query = query.options(contains_eager(Tamper.entity), joinedload(Tamper.settled_by))
    if seen_by is None:
        query = query.where(Entity.is_public)
    if entity_id is not None:
        query = query.where(Tamper.entity_id == entity_id)
    if wanted := list(states):
        query = query.where(Tamper.state.in_(wanted))
    if site:
        query = query.where(match_site(site))
    return query.order_by(Tamper.id.desc())


async def get_tamper(session: AsyncSession, tamper_id: int, *, seen_by: User | None) -> Tamper:
    """Return one with its texts; NotFoundError also when *seen_by* may not see it."""
    query = select_tampers(seen_by=seen_by).where(Tamper.id == tamper_id)
    query = query.options(undefer(Tamper.difference), undefer(Tamper.text))
    tamper = await session.scalar(query)
    if tamper is None:
        raise make_missing(tamper_id)
    return tamper


def make_missing(tamper_id: int) -> NotFoundError:
    return NotFoundError(Text("There is no change %(tamper_id)s.", tamper_id=tamper_id))


def read_difference(tamper: Tamper) -> list[Row]:
    """Return the lines of a difference, their words marked."""
    return unpack_rows(tamper.difference)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What of a page is known to move by itself, and how many texts are its baselines.

    *text* is what it always says, as long as that waits to be accepted; *differing* are lines that
    the last look has shown otherwise, after a + or -.
    """

    looks: int
    patterns: tuple[str, ...]
    known: tuple[str, ...]  # lines that come and go whole
    baselines: int
    text: str
    differing: tuple[str, ...]


async def get_page(session: AsyncSession, entity: Entity) -> PageWatch:
    """Return the page of *entity*; one that nobody has read yet is to be learned."""
    page = await session.scalar(select(PageWatch).where(PageWatch.entity_id == entity.id))
    return page or make_page(entity.id)


async def get_lesson(session: AsyncSession, page: PageWatch) -> Lesson:
    used = Baseline.entity_id == page.entity_id, Baseline.is_used
    count = await session.scalar(select(func.count()).select_from(Baseline).where(*used))
    watch = await load_watch(session, page)
    learned = watch.learned
    text = watch.baselines[0] if watch.state is PageState.UNCONFIRMED else ""
    return Lesson(
        looks=watch.study.looks,
        patterns=learned.patterns,
        known=learned.known,
        baselines=count or 0,
        text=text,
        differing=watch.differing,
    )


# --- what people make of a change


async def settle_tamper(
    session: AsyncSession, tamper: Tamper, by: User, state: TamperState
) -> Tamper:
    """Accept what the page says, ignore such lines, or keep it as an incident.

    What looks are compared with is the owner's; that something is wrong any editor may say.
    """
    if not may_settle_tampers(by):
        raise ForbiddenError(Text("Viewers may read only; ask an administrator to be an editor."))
    if state in SETTLED:
        refuse_stranger(tamper.entity, by)
    if state is TamperState.OPEN:
        raise InvalidError.of_field("state", Text("What people were told is open by itself only."))
    page = await lock_page(session, tamper.entity)
    if await session.scalar(select(Tamper.id).where(Tamper.id == tamper.id)) is None:
        raise make_missing(tamper.id)  # a look has dropped it, which nobody does from here on
    await session.refresh(tamper, ["state"])
    if tamper.state == state:
        return tamper
    if tamper.state in SETTLED:
        raise ConflictError(Text("It is settled: %(state)s.", state=tamper.state))
    now = utcnow()
    if state is TamperState.ACCEPTED:
        await accept_text(session, page, tamper, by, now)
    elif state is TamperState.IGNORED:
        ignore_lines(page, tamper)
    tamper.state, tamper.settled_at, tamper.settled_by = state, now, by
    kind, title = EventKind.SETTLED, Text("The change was settled: %(state)s", state=state)
    await add_event(session, tamper.entity_id, kind, now, title, subject_id=tamper.id, by=by)
    await session.flush()
    return tamper


async def accept_text(
    session: AsyncSession, page: PageWatch, tamper: Tamper, by: User, now: datetime
) -> None:
    if tamper.kind == TamperKind.MISSING:
        raise ConflictError(Text("There is no text to accept."))
    text: str = unpack(tamper.text)
    watch = await load_watch(session, page)
    try:
        accepted = accept_baseline(watch, PageText(text, "", ""))
    except ValueError as error:
        raise ConflictError(find_text(error)) from error
    await add_baseline(session, page, text, by)
    keep_watch(page, accepted, now)


def ignore_lines(page: PageWatch, tamper: Tamper) -> None:
    """Add patterns for the lines that differ; of a missing selector nothing more is told anyway."""
    patterns = propose_patterns(unpack_rows(tamper.difference))
    ignored = [*dict.fromkeys(page.ignore.splitlines() + patterns)]
    is_too_much = len(ignored) > MAX_LISTED or len("\n".join(ignored)) > LIST_LENGTH
    if tamper.is_cut or is_too_much:
        raise ConflictError(
            Text("Too many lines differ to ignore each; accept it, or exclude a part.")
        )
    page.ignore = "\n".join(ignored)
    forget_answer(page)


# --- how a page is read


async def accept_page(session: AsyncSession, entity: Entity, by: User) -> PageWatch:
    """Accept what was learned of a page; from now on differences are told."""
    refuse_stranger(entity, by)
    page = await lock_page(session, entity)
    if page.state != PageState.UNCONFIRMED:
        raise ConflictError(Text("Nothing that was learned waits to be accepted."))
    accepted = accept_baseline(await load_watch(session, page))
    await add_baseline(session, page, accepted.baselines[0], by)
    keep_watch(page, accepted, utcnow())
    await session.flush()
    return page


async def relearn_page(session: AsyncSession, entity: Entity, by: User) -> PageWatch:
    """Start to learn anew; until it is accepted, nothing is told."""
    refuse_stranger(entity, by)
    page = await lock_page(session, entity)
    await learn_again(session, page, utcnow())
    await session.flush()
    return page


async def edit_page(session: AsyncSession, entity: Entity, by: User, **changes: Any) -> PageWatch:
    """Change what is named in *changes*; what makes other lines count has the page learned anew."""
    refuse_stranger(entity, by)
    cleaned = {name: clean_setting(name, value) for name, value in changes.items()}
    page = await lock_page(session, entity)
    old = page.lens
    for name, value in cleaned.items():
        setattr(page, name, value)
    forget_answer(page)
    has_more = set(old.ignore) - set(page.lens.ignore)  # lines of which no baseline knows
    if has_more or (old.exclude, old.include) != (page.lens.exclude, page.lens.include):
        await learn_again(session, page, utcnow())
    await session.flush()
    return page


def clean_setting(name: str, value: Any) -> Any:
    """Return the lines of a list as one text; what else there is as it is."""
    if name not in CLEANERS:
        return value
    try:
        return "\n".join(clean_list(value, CLEANERS[name]))
    except ValueError as error:
        raise InvalidError.of_field(name, find_text(error)) from error


def clean_list(values: list[str], clean: Callable[[str], str]) -> list[str]:
    if any(not ONE_LINE.fullmatch(value) for value in values):
        raise ValueError(Text("Each is one line, without control characters."))
    cleaned = [*dict.fromkeys(map(clean, values))]
    if len(cleaned) > MAX_LISTED or len("\n".join(cleaned)) > LIST_LENGTH:
        raise ValueError(
            Text(
                "There are at most %(max_listed)s, of %(list_length)s characters in all.",
                max_listed=MAX_LISTED,
                list_length=LIST_LENGTH,
            )
        )
    return cleaned


async def lock_page(session: AsyncSession, entity: Entity) -> PageWatch:
    """Return the page of *entity* for a change, and have it looked at; no look crosses that."""
    look_soon(await lock_check(session, entity), utcnow())
    query = select(PageWatch).where(PageWatch.entity_id == entity.id)
    page = await session.scalar(query.execution_options(populate_existing=True))
    if page is None:
        page = make_page(entity.id)
        session.add(page)
        await session.flush()
    return page
