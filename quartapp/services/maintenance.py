"""Windows of maintenance: who may open them, and what they do to sites."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.models import Action, Check, Entity, Maintenance, State, User, utcnow
from quartapp.models.maintenance import MAX_WINDOWS, WrongFieldError, check_window
from quartapp.models.rights import may_administer
from quartapp.models.usability import HELD
from quartapp.models.user import Role
from quartapp.services.audit import record_event
from quartapp.services.rights import refuse_stranger
from quartapp.texts import Text, find_text

SITES = 500  # of one transaction
WINDOWS = 100  # judged at once; others have their turn before the next ones
TIMES = ("starts_at", "ends_at", "weekdays", "start_time", "minutes")


# --- what people do


def select_maintenances(entity_id: int | None = None) -> Select[Maintenance]:
    """The windows, the newest first, their sites loaded; of one site those of all sites, too."""
    query = select(Maintenance).options(joinedload(Maintenance.entity).joinedload(Entity.owner))
    query = query.order_by(Maintenance.id.desc())
    if entity_id is None:
        return query
    return query.where(or_(Maintenance.entity_id == entity_id, Maintenance.entity_id.is_(None)))


async def get_maintenance(session: AsyncSession, maintenance_id: int) -> Maintenance:
    query = select_maintenances().where(Maintenance.id == maintenance_id)
    window = await session.scalar(query)
    if window is None:
        raise make_missing(maintenance_id)
    return window


def make_missing(maintenance_id: int) -> NotFoundError:
    return NotFoundError(
        Text("There is no maintenance %(maintenance_id)s.", maintenance_id=maintenance_id)
    )


async def add_maintenance(
    session: AsyncSession, entity: Entity | None, by: User, **fields: Any
) -> Maintenance:
    """Add a window of one site, or of all of them."""
    refuse_other(entity, by)
    window = Maintenance(entity=entity, **fields)
    refuse_wrong(window)
    await refuse_too_many(session, window, utcnow())
    session.add(window)
    await session.flush()
    await record_change(session, Action.MAINTENANCE_ADDED, window, by)
    return window


async def edit_maintenance(
    session: AsyncSession, window: Maintenance, by: User, **fields: Any
) -> Maintenance:
    """Change what is named in *fields*, whether it is open or not: no look is counted anew."""
    refuse_other(window.entity, by)
    await lock_window(session, window)
    now = utcnow()
    was_over = window.is_over(now)
    for field, value in fields.items():
        setattr(window, field, value)
    refuse_wrong(window)
    if was_over:
        await refuse_too_many(session, window, now)
    await session.flush()
    await record_change(session, Action.MAINTENANCE_CHANGED, window, by)
    return window


async def lock_window(session: AsyncSession, window: Maintenance) -> None:
    """Read a window as it is by now: two changes have to fit together."""
    row = select(Maintenance.id).where(Maintenance.id == window.id)
    if await session.scalar(row.with_for_update()) is None:
        raise make_missing(window.id)
    await session.refresh(window, TIMES)


async def remove_maintenance(session: AsyncSession, window: Maintenance, by: User) -> None:
    refuse_other(window.entity, by)
    await session.delete(window)
    await record_change(session, Action.MAINTENANCE_REMOVED, window, by)


async def record_change(
    session: AsyncSession, action: Action, window: Maintenance, by: User
) -> None:
    detail = window.title if window.entity else Text("all sites: %(title)s", title=window.title)
    await record_event(session, action, by=by, on=window.entity, detail=detail)


def refuse_other(entity: Entity | None, user: User) -> None:
    if entity is not None:
        refuse_stranger(entity, user)
    elif not may_administer(user):
        raise ForbiddenError(Text("Only administrators may let all sites rest."))


def refuse_wrong(window: Maintenance) -> None:
    try:
        check_window(window)
    except WrongFieldError as error:
        raise InvalidError.of_field(error.field, find_text(error)) from error


async def refuse_too_many(session: AsyncSession, window: Maintenance, now: datetime) -> None:
    """Refuse one that is not over where there are enough of these, of its site or of all sites."""
    if window.is_over(now):
        return
    entity = window.entity
    await session.execute(lock_scope(entity))
    others = select(func.count(Maintenance.id)).where(is_left(now), Maintenance.id != window.id)
    of_scope = Maintenance.entity_id == (entity.id if entity else None)
    if (await session.scalar(others.where(of_scope)) or 0) >= MAX_WINDOWS:
        raise ConflictError(describe_most(entity))


def describe_most(entity: Entity | None) -> Text:
    if entity:
        return Text(
            "This site has %(most)s windows to come, and there may be no more.", most=MAX_WINDOWS
        )
    return Text(
        "All sites have %(most)s windows to come, and there may be no more.", most=MAX_WINDOWS
    )


def lock_scope(entity: Entity | None) -> Select[int]:
    """Let those who add windows take turns: by the site, or by who may let all sites rest."""
    query = select(User.id).where(User.role == Role.ADMIN).order_by(User.id)
    if entity is not None:
        query = select(Entity.id).where(Entity.id == entity.id)
    return query.with_for_update(key_share=True)


def is_left(now: datetime) -> ColumnElement[bool]:
    """The condition that a window is not over."""
    return or_(Maintenance.ends_at.is_(None), Maintenance.ends_at > now)


# --- what windows do


async def find_resting(session: AsyncSession, now: datetime) -> set[int | None]:
    """Return the sites that have an open window; None among them: all."""
    query = select(Maintenance).where(is_left(now)).order_by(Maintenance.id).limit(WINDOWS)
    query = query.where(or_(Maintenance.starts_at.is_(None), Maintenance.starts_at <= now))
    found: set[int | None] = set()
    windows = list(await session.scalars(query))
    while windows:
        found |= {window.entity_id for window in windows if window.find_open(now)}
        windows = list(await session.scalars(query.where(Maintenance.id > windows[-1].id)))
    return found


async def keep_windows(
    session: AsyncSession, resting: Collection[int | None], now: datetime, limit: int = SITES
) -> int:
    """Hold some of the sites that are to rest, and release some of the others.

    Who was out stays so, as hold() and release() have it. Returns how many sites have moved.
    """
    is_resting = match_sites(resting)
    over = and_(Check.state == State.MAINTENANCE, ~is_resting)
    moves = {
        State.MAINTENANCE: and_(Check.state.not_in(HELD), is_resting),
        State.DOWN: and_(over, Check.outage_id.is_not(None)),
        State.NEW: and_(over, Check.outage_id.is_(None)),
    }
    return sum([await move(session, which, limit, state, now) for state, which in moves.items()])


def match_sites(ids: Collection[int | None]) -> ColumnElement[bool]:
    """The condition that a check is of one of these sites; None among them: of any."""
    if None in ids:
        return true()
    return Check.entity_id.in_(ids) if ids else false()


async def move(
    session: AsyncSession, which: ColumnElement[bool], limit: int, state: State, now: datetime
) -> int:
    """Let checks stand elsewhere, as hold() and release() do for one."""
    query = select(Check.id).where(which).order_by(Check.id).limit(limit)
    ids = list(await session.scalars(query.with_for_update(skip_locked=True)))
    if ids:
        await session.execute(
            update(Check)
            .where(Check.id.in_(ids))
            .values(state=state, streak=0, state_since=now)
            .execution_options(synchronize_session=False)
        )
    return len(ids)
