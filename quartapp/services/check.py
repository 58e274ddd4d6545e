"""How sites are looked at, and the people who say so."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from quartapp.errors import ConflictError, InvalidError, NotFoundError
from quartapp.models import Check, Entity, EventKind, User, utcnow
from quartapp.models.check import INTERVAL, MIN_INTERVAL
from quartapp.models.expectation import STATUSES
from quartapp.models.usability import DOWN_AFTER, UP_AFTER, Standing, State, hold, release
from quartapp.services.event import add_event
from quartapp.services.rights import refuse_stranger
from quartapp.texts import Text

TOLD_HOLDS = {
    True: (EventKind.PAUSED, Text("Nobody looks at it any more")),
    False: (EventKind.RESUMED, Text("It is looked at again")),
}


def make_check(entity: Entity, now: datetime) -> Check:
    """Return the check of a new site: the first look is due at once."""
    return Check(**make_check_row(entity, now))


def make_check_row(
    entity: Entity, now: datetime, *, is_paused: bool = False, **settings: Any
) -> dict[str, Any]:
    state = State.PAUSED if is_paused else State.NEW
    return {
        "entity_id": entity.id,
        "host": find_host(entity.url),
        "interval": INTERVAL,
        "down_after": DOWN_AFTER,
        "up_after": UP_AFTER,
        "statuses": STATUSES,
        "present": "",
        "absent": "",
        "json_path": "",
        "json_value": "",
        "slot_at": now,
        "due_at": None if is_paused else now,
        "fence": 0,
        "crashes": 0,
        "state": state,
        "state_since": now if is_paused else None,
        "streak": 0,
        **settings,
    }


async def get_check(session: AsyncSession, entity: Entity) -> Check:
    """Return the check of *entity*, its open outage loaded."""
    query = select(Check).options(joinedload(Check.outage)).where(Check.entity_id == entity.id)
    return await session.scalar(query) or make_check(entity, utcnow())


async def load_checks(
    session: AsyncSession, entities: Collection[Entity], now: datetime
) -> dict[int, Check]:
    """Return the checks of *entities* by their ids, entities and open outages loaded."""
    by_id = {entity.id: entity for entity in entities}
    query = select(Check).options(joinedload(Check.outage)).where(Check.entity_id.in_(by_id))
    checks = {check.entity_id: check for check in await session.scalars(query)}
    for id, entity in by_id.items():
        check = checks.setdefault(id, make_check(entity, now))
        set_committed_value(check, "entity", entity)
    return checks


async def adopt_entities(session: AsyncSession, now: datetime) -> int:
    """Give a check to the sites that have none: the version before this one adds such ones."""
    orphans = select(Entity).outerjoin(Check, Check.entity_id == Entity.id)
    found = list(await session.scalars(orphans.where(Check.id.is_(None))))
    session.add_all(make_check(entity, now) for entity in found)
    return len(found)


async def follow_move(session: AsyncSession, entity: Entity, now: datetime) -> None:
    """Look at the new address of *entity* at once; a look at the old one may not report."""
    check = await lock_check(session, entity)
    check.host = find_host(entity.url)
    check.certificate = check.certificate_until = check.certificate_told = None
    look_soon(check, now)


async def edit_check(
    session: AsyncSession,
    entity: Entity,
    by: User,
    *,
    is_paused: bool | None = None,
    **changes: Any,
) -> Check:
    """Change what is named in *changes*, and look at once, so that it is seen what they do."""
    refuse_stranger(entity, by)
    if changes.get("interval", MIN_INTERVAL) < MIN_INTERVAL and not by.is_admin:
        text = Text(
            "Only administrators may look more often than every %(seconds)s s.",
            seconds=MIN_INTERVAL,
        )
        raise InvalidError.of_field("interval", text)
    check = await lock_check(session, entity)
    refuse_lone_value(check, changes)
    for field, value in changes.items():
        setattr(check, field, value)
    now = utcnow()
    if is_paused is not None and is_paused != check.is_paused:
        hold_check(check, now) if is_paused else release_check(check, now)
        kind, title = TOLD_HOLDS[is_paused]
        await add_event(session, entity.id, kind, now, title, by=by)
    look_soon(check, now)
    await session.flush()
    return check


def refuse_lone_value(check: Check, changes: dict[str, Any]) -> None:
    path = changes.get("json_path", check.json_path)
    if changes.get("json_value", check.json_value) and not path:
        text = Text("A value wants a path that leads to it.")
        raise InvalidError.of_field("json_value", text)


async def run_check(session: AsyncSession, entity: Entity, by: User) -> Check:
    """Have a site looked at as soon as a worker is free; ConflictError while it is paused."""
    refuse_stranger(entity, by)
    check = await lock_check(session, entity)
    if check.is_paused:
        raise ConflictError(Text("It is paused; resume it first."))
    look_soon(check, utcnow())
    await session.flush()
    return check


async def lock_check(session: AsyncSession, entity: Entity) -> Check:
    """Return the check of *entity* for a change that no worker crosses, or NotFoundError."""
    query = select(Check).where(Check.entity_id == entity.id).with_for_update()
    if check := await session.scalar(query):
        return check
    await hold_entity(session, entity)
    check = make_check(entity, utcnow())
    session.add(check)
    await session.flush()
    return check


async def hold_entity(session: AsyncSession, entity: Entity) -> None:
    """Let nobody remove *entity* until the commit; NotFoundError for who did."""
    query = select(Entity.id).where(Entity.id == entity.id)
    if await session.scalar(query.with_for_update(key_share=True)) is None:
        raise NotFoundError(Text("There is no entity %(key)s.", key=repr(entity.name)))


def hold_check(check: Check, now: datetime) -> None:
    """Look no more until it is released; an outage that is open stays so."""
    stand(check, hold(check.standing, State.PAUSED, now))
    check.due_at = None


def release_check(check: Check, now: datetime) -> None:
    stand(check, release(check.standing, now))


def look_soon(check: Check, now: datetime) -> None:
    """Have a check looked at now, unless it is paused; who is looking meanwhile may not report."""
    check.fence += 1
    if not check.is_paused:
        check.slot_at = check.due_at = now


def stand(check: Check, standing: Standing) -> None:
    check.state, check.streak = standing.state, standing.streak
    check.state_since = standing.since


def find_host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
