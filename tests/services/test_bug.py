"""Bugs: opened by two sightings, fixed by two absences, settled by people."""

from datetime import date

import pytest
from quart import Quart

from quartapp.errors import ForbiddenError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Bug, Entity, Role, User, utcnow
from quartapp.models.rules import Inspection, Severity, Sighting
from quartapp.models.tally import FindingState
from quartapp.services.bug import (
    comment_bug,
    edit_bug,
    get_bug,
    record_inspections,
    report_bug,
    select_bugs,
    select_notes,
)
from tests.helpers import add_person
from tests.services.watching import watch

RULE = "hsts-missing"
OPEN, FIXED = FindingState.OPEN, FindingState.FIXED


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example", "http://b.example"))[0]


@pytest.fixture
async def editor(app: Quart) -> User:
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "bob")


async def inspect(entity: Entity, *places: str, detail: str = "It is missing.") -> list[str]:
    """Record one look that could see the rule; return what turned."""
    sightings = [Sighting(RULE, place, detail) for place in places]
    seen = Inspection(sightings, statuses={RULE: 200}, complete={RULE})
    async with db.begin() as session:
        turned = await record_inspections(session, {entity.id: seen}, utcnow())
        return [f"{bug.place} {bug.state}" for bug in turned]


async def load(**filters: object) -> list[Bug]:
    async with db.read() as session:
        query = select_bugs(seen_by=User(), **filters)  # type: ignore[arg-type]
        return list(await session.scalars(query))


async def test_bug_opens_at_the_second_sighting_and_is_fixed_at_the_second_absence(
    app: Quart, entity: Entity
) -> None:
    async with app.app_context():
        turned = [await inspect(entity, *places) for places in [["/"], ["/"], ["/"], [], [], []]]
        (bug,) = await load()
        async with db.read() as session:
            lines = [(line.change, line.body) for line in await session.scalars(select_notes(bug))]

    assert turned == [[], ["/ open"], [], [], ["/ fixed"], []]
    assert (bug.rule, bug.place, bug.severity) == (RULE, "/", Severity.MEDIUM)
    assert bug.opened_at is not None
    assert bug.closed_at is not None
    assert lines == [("state", "open"), ("state", "fixed")]


async def test_what_was_seen_once_is_nobodys_and_forgotten(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await inspect(entity, "/")
        assert await load() == []
        await inspect(entity)
        assert await inspect(entity, "/") == []


async def test_places_and_sites_have_bugs_of_their_own(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        other = Entity(id=entity.id + 1)
        for site, place in [(entity, "/a"), (entity, "/b"), (other, "/a")] * 2:
            places = ["/a", "/b"] if site is entity else [place]
            await inspect(site, *places)
        found = [(bug.entity.name, bug.place) for bug in await load()]

    assert sorted(found) == [("Site 1", "/a"), ("Site 1", "/b"), ("Site 2", "/a")]


async def test_no_look_reopens_what_a_person_settled(
    app: Quart, entity: Entity, editor: User
) -> None:
    async with app.app_context():
        await inspect(entity, "/")
        await inspect(entity, "/")
        (bug,) = await load()
        async with db.begin() as session:
            own = await get_bug(session, bug.id, seen_by=editor)
            await edit_bug(session, own, editor, state=FindingState.WONT_FIX)
        for _ in range(3):
            assert await inspect(entity, "/") == []
        (bug,) = await load()

    assert bug.state == FindingState.WONT_FIX


async def test_person_reports_and_settles_a_bug(app: Quart, entity: Entity, editor: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            site = await session.merge(entity)
            given = {"title": "Open list", "severity": Severity.HIGH, "body": "See /backup."}
            bug = await report_bug(session, site, editor, **given)  # type: ignore[arg-type]
        async with db.begin() as session:
            own = await get_bug(session, bug.id, seen_by=editor)
            me = await session.get_one(User, editor.id)
            changes = {"severity": Severity.LOW, "due_on": date(2027, 1, 31), "state": FIXED}
            await edit_bug(session, own, me, assignee=me, **changes)
            await comment_bug(session, own, me, "Done.")
        (bug,) = await load()
        async with db.read() as session:
            lines = [(line.change, line.body) for line in await session.scalars(select_notes(bug))]

    assert (bug.title, bug.body, bug.rule) == ("Open list", "See /backup.", None)
    assert (bug.reporter, bug.assignee) == (bug.assignee, bug.reporter)
    assert (bug.severity, bug.state, bug.due_on) == (Severity.LOW, FIXED, date(2027, 1, 31))
    assert lines == [
        ("state", "fixed"),
        ("severity", "low"),
        ("assignee", "bob"),
        ("due", "2027-01-31"),
        ("comment", "Done."),
    ]


async def test_viewers_handle_nothing(app: Quart, entity: Entity) -> None:
    async with app.app_context(), db.begin() as session:
        viewer = await add_person(session, "eve", role=Role.VIEWER)
        bug = Bug(entity_id=entity.id, title="x", severity=Severity.LOW, state=OPEN)
        for work in (
            report_bug(session, entity, viewer, title="x", severity=Severity.LOW, body=""),
            edit_bug(session, bug, viewer, state=FIXED),
            comment_bug(session, bug, viewer, "x"),
        ):
            with pytest.raises(ForbiddenError, match="Viewers may read only"):
                await work


async def test_nobody_who_may_only_read_is_given_a_bug(
    app: Quart, entity: Entity, editor: User
) -> None:
    async with app.app_context():
        await inspect(entity, "/")
        await inspect(entity, "/")
        (bug,) = await load()
        async with db.begin() as session:
            viewer = await add_person(session, "eve", role=Role.VIEWER)
            own = await get_bug(session, bug.id, seen_by=editor)
            with pytest.raises(InvalidError, match=f"no user {viewer.id} who may"):
                await edit_bug(session, own, editor, assignee=viewer)


async def test_bugs_are_listed_the_worst_first_and_by_what_is_asked(
    app: Quart, entity: Entity, editor: User
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            site = await session.merge(entity)
            for severity in (Severity.LOW, Severity.CRITICAL, Severity.INFO, Severity.HIGH):
                given = {"title": severity.value, "severity": severity, "body": ""}
                await report_bug(session, site, editor, **given)  # type: ignore[arg-type]
        titles = [bug.title for bug in await load()]
        low = [bug.title for bug in await load(severity=Severity.LOW)]
        fixed = await load(states=[FIXED])

    assert titles == ["critical", "high", "low", "info"]
    assert (low, fixed) == (["low"], [])


async def test_bug_of_a_site_that_is_not_public_is_not_there_for_strangers(
    app: Quart, entity: Entity
) -> None:
    async with app.app_context():
        await inspect(entity, "/")
        await inspect(entity, "/")
        (bug,) = await load()
        async with db.read() as session:
            with pytest.raises(NotFoundError):
                await get_bug(session, bug.id, seen_by=None)
