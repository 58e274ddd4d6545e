"""Weaknesses of sites: what looks find, and what people make of it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from quartapp.errors import ForbiddenError, InvalidError, NotFoundError
from quartapp.models import Bug, BugNote, Entity, Event, EventKind, User, utcnow
from quartapp.models.bug import Change, Order
from quartapp.models.rights import EDITORS, may_handle_bugs
from quartapp.models.rules import RULES, Inspection, Severity
from quartapp.models.tally import ACTIVE, FindingState, Key, Tally, count_sightings, decide
from quartapp.services.entity import match_site
from quartapp.services.event import add_events, make_event
from quartapp.texts import Text

MAX_AT_ONCE = 100  # bugs that are changed alike
WORST_FIRST = {severity: number for number, severity in enumerate(Severity)}


# --- what looks find


async def record_inspections(
    session: AsyncSession, inspections: Mapping[int, Inspection], now: datetime
) -> list[Bug]:
    """Keep what looks at some sites found, by their ids; return what is a bug, or fixed, now."""
    query = select(Bug).where(Bug.entity_id.in_(inspections), Bug.rule.is_not(None))
    known: dict[int, dict[Key, Bug]] = {entity_id: {} for entity_id in inspections}
    for bug in await session.scalars(query):
        known[bug.entity_id][bug.rule or "", bug.place] = bug
    turned: list[Bug] = []
    for entity_id, seen in inspections.items():
        turned += await record_inspection(session, entity_id, known[entity_id], seen, now)
    await session.flush()
    kinds = {True: EventKind.BUG_OPENED, False: EventKind.BUG_CLOSED}
    await add_events(session, [make_news(bug, kinds[bug.closed_at is None]) for bug in turned])
    return turned


async def record_inspection(
    session: AsyncSession, entity_id: int, known: dict[Key, Bug], seen: Inspection, now: datetime
) -> list[Bug]:
    counted = count_sightings({key: bug.tally for key, bug in known.items()}, seen)
    for key in known.keys() - counted.keys():
        await session.delete(known[key])
    details = {(found.rule, found.place): found.detail for found in seen.sightings}
    turned = []
    for key, tally in counted.items():
        bug = known.get(key) or add_sighted(session, entity_id, key)
        bug.detail = details.get(key, bug.detail)
        if stand(bug, tally, now):
            note(session, bug, Change.STATE, str(bug.state))
            turned.append(bug)
    return turned


def make_news(bug: Bug, kind: EventKind, by: User | None = None) -> Event:
    """Return what the time line says of where a bug stands by now."""
    detail, subject = str(bug.state), bug.id
    return make_event(
        bug.entity_id, kind, utcnow(), bug.title, detail=detail, subject_id=subject, by=by
    )


def add_sighted(session: AsyncSession, entity_id: int, key: Key) -> Bug:
    rule = RULES[key[0]]
    bug = Bug(
        entity_id=entity_id,
        rule=rule.id,
        place=key[1],
        title=rule.title,
        detail="",
        severity=rule.severity,
        state=None,
        streak=0,
    )
    session.add(bug)
    return bug


def stand(bug: Bug, tally: Tally, now: datetime) -> bool:
    """Write where a bug stands; True when it stands elsewhere than before."""
    has_turned = bug.state != tally.state
    bug.state, bug.streak, bug.status = tally.state, tally.streak, tally.status
    if has_turned:
        is_active = tally.state in ACTIVE
        bug.opened_at = (bug.opened_at if bug.closed_at is None else None) or now
        bug.closed_at = None if is_active else now
    return has_turned


def note(
    session: AsyncSession, bug: Bug, change: Change, body: str, by: User | None = None
) -> BugNote:
    line = BugNote(bug=bug, author=by, change=change, body=body)
    session.add(line)
    return line


# --- what people read


def select_bugs(
    *,
    seen_by: User | None,
    entity_id: int | None = None,
    states: Iterable[FindingState] = (),
    severity: Severity | None = None,
    assignee_id: int | None = None,
    rule: str | None = None,
    overdue_on: date | None = None,
    site: str = "",
    order: Order = Order.WORST,
) -> Select[Bug]:
    """The bugs of what *seen_by* may see, in their order; their sites and people loaded.

    *overdue_on* a day asks for those that should have been settled before, *site* is a part of the
    name or address of one.
    """
    query = select(Bug).join(Bug.entity).where(Bug.state.is_not(None))
    query = query.options(
        contains_eager(Bug.entity), joinedload(Bug.reporter), joinedload(Bug.assignee)
    )
    if seen_by is None:
        query = query.where(Entity.is_public)
    conditions = {
        Bug.entity_id: entity_id,
        Bug.severity: severity,
        Bug.assignee_id: assignee_id,
        Bug.rule: rule,
    }
    query = query.where(*[column == value for column, value in conditions.items() if value])
    if wanted := list(states):
        query = query.where(Bug.state.in_(wanted))
    if overdue_on is not None:
        query = query.where(Bug.due_on < overdue_on, Bug.state.in_(ACTIVE))
    if site:
        query = query.where(match_site(site))
    return query.order_by(*find_order(order))


def find_order(order: Order) -> tuple[ColumnElement[Any], ...]:
    if order is Order.NEWEST:
        return Bug.opened_at.desc(), Bug.id.desc()
    if order is Order.OLDEST:
        return Bug.opened_at.asc(), Bug.id.asc()
    worst = case(WORST_FIRST, value=Bug.severity), Bug.id.desc()
    if order is Order.DUE:
        return Bug.due_on.is_(None), Bug.due_on.asc(), *worst
    return worst


async def get_bug(session: AsyncSession, bug_id: int, *, seen_by: User | None) -> Bug:
    """Return one, its site and people loaded; NotFoundError also when *seen_by* may not see it."""
    bug = await session.scalar(select_bugs(seen_by=seen_by).where(Bug.id == bug_id))
    if bug is None:
        raise NotFoundError(Text("There is no bug %(bug_id)s.", bug_id=bug_id))
    return bug


def select_notes(bug: Bug) -> Select[BugNote]:
    """The history of a bug, the oldest line first; authors loaded."""
    query = select(BugNote).options(joinedload(BugNote.author)).order_by(BugNote.id)
    return query.where(BugNote.bug_id == bug.id)


# --- what people do


async def report_bug(
    session: AsyncSession, entity: Entity, by: User, *, title: str, severity: Severity, body: str
) -> Bug:
    """Add what somebody found by hand; it needs no second sighting, and no look fixes it."""
    refuse_reader(by)
    bug = Bug(
        entity=entity,
        rule=None,
        title=title,
        body=body,
        severity=severity,
        state=FindingState.CONFIRMED,
        opened_at=utcnow(),
        reporter=by,
        assignee=None,
    )
    session.add(bug)
    await session.flush()
    await add_events(session, [make_news(bug, EventKind.BUG_OPENED, by)])
    return bug


async def edit_bug(session: AsyncSession, bug: Bug, by: User, **changes: Any) -> Bug:
    """Settle what is named in *changes*: state, severity, assignee (a User or None), due_on."""
    await settle_bugs(session, [bug], by, changes)
    return bug


async def edit_bugs(
    session: AsyncSession, ids: Collection[int], by: User, **changes: Any
) -> list[Bug]:
    """Settle several bugs alike, all of them or none: few statements, however many they are."""
    if not 0 < len(ids) <= MAX_AT_ONCE:
        raise InvalidError.of_field("ids", Text("Choose 1 to %(most)s bugs.", most=MAX_AT_ONCE))
    bugs = list(await session.scalars(select_bugs(seen_by=by).where(Bug.id.in_(ids))))
    missing = {*ids} - {bug.id for bug in bugs}
    if missing:
        raise NotFoundError(Text("There is no bug %(id)s.", id=min(missing)))
    await settle_bugs(session, bugs, by, changes)
    return bugs


async def settle_bugs(
    session: AsyncSession, bugs: Iterable[Bug], by: User, changes: Mapping[str, Any]
) -> None:
    refuse_reader(by)
    turned = [bug for bug in bugs if settle(session, bug, by, changes)]
    await session.flush()
    kinds = {True: EventKind.BUG_CHANGED, False: EventKind.BUG_CLOSED}
    await add_events(session, [make_news(bug, kinds[bug.closed_at is None], by) for bug in turned])


def settle(session: AsyncSession, bug: Bug, by: User, changes: Mapping[str, Any]) -> bool:
    """Write what is to be changed of a bug; True when it stands elsewhere than before."""
    has_turned = "state" in changes and changes["state"] != bug.state
    if has_turned:
        stand(bug, decide(bug.tally, changes["state"]), utcnow())
        note(session, bug, Change.STATE, changes["state"], by)
    if "severity" in changes and changes["severity"] != bug.severity:
        bug.severity = changes["severity"]
        note(session, bug, Change.SEVERITY, changes["severity"], by)
    if "assignee" in changes and changes["assignee"] != bug.assignee:
        assign(session, bug, changes["assignee"], by)
    if "due_on" in changes and changes["due_on"] != bug.due_on:
        put_off(session, bug, changes["due_on"], by)
    return has_turned


def select_handlers() -> Select[User]:
    """Who may be given a bug, by name."""
    query = select(User).where(User.role.in_(EDITORS), User.disabled_at.is_(None))
    return query.order_by(User.name, User.id)


async def find_assignee(session: AsyncSession, user_id: int | None) -> User | None:
    """Return who is to be given a bug; InvalidError, the same for who may not and who is not."""
    if user_id is None:
        return None
    user = await session.get(User, user_id)
    if user is None or not user.is_active or not may_handle_bugs(user):
        raise make_refusal(user_id)
    return user


def make_refusal(user_id: int) -> InvalidError:
    text = Text("There is no user %(user_id)s who may settle bugs.", user_id=user_id)
    return InvalidError.of_field("assignee_id", text)


def assign(session: AsyncSession, bug: Bug, assignee: User | None, by: User) -> None:
    if assignee is not None and not may_handle_bugs(assignee):
        raise make_refusal(assignee.id)
    bug.assignee = assignee
    note(session, bug, Change.ASSIGNEE, assignee.name if assignee else "", by)


def put_off(session: AsyncSession, bug: Bug, due_on: date | None, by: User) -> None:
    bug.due_on = due_on
    note(session, bug, Change.DUE, due_on.isoformat() if due_on else "", by)


async def comment_bug(session: AsyncSession, bug: Bug, by: User, body: str) -> BugNote:
    refuse_reader(by)
    line = note(session, bug, Change.COMMENT, body, by)
    await session.flush()
    return line


def refuse_reader(user: User) -> None:
    if not may_handle_bugs(user):
        raise ForbiddenError(Text("Viewers may read only; ask an administrator to be an editor."))
