"""Changes of pages: listed, and settled by people."""

from typing import Any

import pytest
from quart import Quart
from sqlalchemy import func, select

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Baseline, Entity, EventKind, Role, User
from quartapp.models.learning import FEWEST
from quartapp.models.tamper import TamperKind, TamperState
from quartapp.services.event import list_events, select_events
from quartapp.services.tamper import (
    accept_page,
    edit_page,
    get_lesson,
    get_page,
    get_tamper,
    relearn_page,
    select_tampers,
)
from tests.helpers import add_person
from tests.services.reading import edit, learn, load_page, load_tampers, settle, show
from tests.services.watching import watch

UNTOLD = "Nothing is told of it until somebody accepts that."
HOME, HACKED = "<p>Head<p>Welcome", "<p>Head<p>Hacked by x"


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


@pytest.fixture
async def owner(app: Quart, entity: Entity) -> User:
    async with app.app_context(), db.begin() as session:
        user = await add_person(session, "bob")
        (await session.get_one(Entity, entity.id)).owner_id = user.id
        return user


async def test_accepted_change_is_the_newest_of_five_baselines(
    app: Quart, entity: Entity, owner: User
) -> None:
    pages = [f"<p>Head<p>Version {word}" for word in ("one", "two", "three", "four", "five")]
    async with app.app_context():
        await learn(entity, owner)
        for page in pages:
            await show(entity, page, page)
            await settle((await load_tampers(entity))[-1], owner, TamperState.ACCEPTED)
        states = await show(entity, *pages, HOME)
        async with db.read() as session:
            lesson = await get_lesson(session, await get_page(session, entity))
            count = await session.scalar(select(func.count()).select_from(Baseline))
        tampers = await load_tampers(entity)

    assert states == ["steady"] * 5 + ["suspect"]
    assert (lesson.baselines, count) == (5, 6)
    assert {(one.state, one.settled_by_id) for one in tampers} == {("accepted", owner.id)}


async def test_ignored_lines_count_no_more(app: Quart, entity: Entity, owner: User) -> None:
    async with app.app_context():
        await learn(entity, owner, *["<p>Head<p>Visitors: 17"] * FEWEST)
        await show(entity, *["<p>Head<p>Visitors: 18"] * 2)
        (tamper,) = await load_tampers(entity)
        await settle(tamper, owner, TamperState.IGNORED)
        states = await show(entity, "<p>Head<p>Visitors: 19", HACKED)
        ignored = (await load_page(entity)).ignore

    assert ignored == r"^Visitors: [-+]?\d[\d.,]{0,5}$"
    assert states == ["steady", "suspect"]


async def test_incident_stays_until_somebody_settles_it(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await show(entity, HACKED, HACKED)
        (tamper,) = await load_tampers(entity)
        await settle(tamper, owner, TamperState.INCIDENT)
        assert await show(entity, HACKED) == ["changed"]
        await settle(tamper, owner, TamperState.ACCEPTED)
        with pytest.raises(ConflictError, match="It is settled: accepted"):
            await settle(tamper, owner, TamperState.INCIDENT)
        with pytest.raises(InvalidError):
            await settle(tamper, owner, TamperState.OPEN)


async def test_change_and_what_becomes_of_it_are_on_the_time_line(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await show(entity, HACKED, HACKED)
        (tamper,) = await load_tampers(entity)
        await settle(tamper, owner, TamperState.INCIDENT)
        async with db.read() as session:
            events = await list_events(session, select_events(seen_by=owner))

    assert [(event.kind, event.title, event.detail, event.author_id) for event in events] == [
        (EventKind.SETTLED, "The change was settled: incident", "", owner.id),
        (EventKind.CHANGED, "The page was changed", "lines replaced: 1", None),
        (EventKind.LEARNED, "The page is learned", UNTOLD, None),
    ]
    assert [event.subject_id for event in events] == [tamper.id, tamper.id, None]


async def test_missing_selector_is_told_and_has_nothing_to_accept(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await edit(entity, owner, include=["#main"])
        await learn(entity, owner, *["<p id=main>Head"] * FEWEST)
        states = await show(entity, *[HOME] * 7, "<p id=main>Head")
        (tamper,) = await load_tampers(entity)
        with pytest.raises(ConflictError, match="no text to accept"):
            await settle(tamper, owner, TamperState.ACCEPTED)
        await settle(tamper, owner, TamperState.IGNORED)

    assert states == ["steady"] * 5 + ["missing"] * 2 + ["steady"]
    assert (tamper.kind, tamper.detail) == (TamperKind.MISSING, "#main")


async def test_page_that_lost_its_text_is_told(app: Quart, entity: Entity, owner: User) -> None:
    async with app.app_context():
        await learn(entity, owner)
        states = await show(entity, *["<p></p>"] * 7)
        (tamper,) = await load_tampers(entity)
        async with db.read() as session:
            events = await list_events(session, select_events(seen_by=owner))

    assert states == ["steady"] * 5 + ["missing"] * 2
    assert (tamper.kind, tamper.detail) == (TamperKind.MISSING, "")
    assert [(event.kind, event.title, event.detail) for event in events] == [
        (EventKind.MISSING, "The page has no text", ""),
        (EventKind.LEARNED, "The page is learned", UNTOLD),
    ]


async def test_change_of_a_page_that_is_learned_anew_cannot_be_accepted(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await show(entity, HACKED, HACKED)
        async with db.begin() as session:
            site = await session.get_one(Entity, entity.id)
            await relearn_page(session, site, await session.get_one(User, owner.id))
        (tamper,) = await load_tampers(entity)
        with pytest.raises(ConflictError, match="not learned yet"):
            await settle(tamper, owner, TamperState.ACCEPTED)
        assert (await show(entity, HACKED))[0] == "learning"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"ignore": ["^x$", "^y$"]}, "steady"),
        ({"sort_lines": True}, "steady"),
        ({"ignore": []}, "learning"),
        ({"exclude": ["#ads"]}, "learning"),
        ({"include": ["p"]}, "learning"),
    ],
    ids=["more-ignored", "sorted", "less-ignored", "excluded", "included"],
)
async def test_settings_that_make_more_lines_count_start_learning(
    app: Quart, entity: Entity, owner: User, changes: dict[str, Any], state: str
) -> None:
    async with app.app_context():
        await edit(entity, owner, ignore=["^x$"])
        await learn(entity, owner)
        await edit(entity, owner, **changes)
        assert await show(entity, HOME) == [state]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("exclude", ["p:has(a)"], "begins with a colon"),
        ("include", ["2a"], "not a CSS selector"),
        ("include", ["a\nb"], "one line"),
        ("ignore", ["(?=x)"], "RE2"),
        ("ignore", [""], "one line"),
        ("ignore", [f"x{number}" for number in range(51)], "at most 50"),
    ],
    ids=["slow", "no-selector", "two-lines", "look-ahead", "nothing", "too-many"],
)
async def test_wrong_setting_is_told_by_its_field(
    app: Quart, entity: Entity, owner: User, field: str, value: list[str], message: str
) -> None:
    async with app.app_context():
        with pytest.raises(InvalidError, match=message) as caught:
            await edit(entity, owner, **{field: value})
    assert caught.value.errors[0].loc == (field,)


async def test_page_that_is_defaced_before_it_is_accepted_is_told_after_that(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await show(entity, *[HOME] * FEWEST, *[HACKED] * 20)
        async with db.begin() as session:
            site, me = (
                await session.get_one(Entity, entity.id),
                await session.get_one(User, owner.id),
            )
            waiting = await get_lesson(session, await get_page(session, site))
            accepted = await get_lesson(session, await accept_page(session, site, me))
        states = await show(entity, HACKED, HACKED, HOME)

    assert (waiting.text, waiting.known) == ("Head\nWelcome", ())
    assert waiting.differing == ("-Welcome", "+Hacked by x")
    assert (accepted.text, accepted.differing) == ("", ())
    assert states == ["suspect", "changed", "steady"]


async def test_nothing_is_accepted_before_it_is_learned(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context(), db.begin() as session:
        site, me = await session.get_one(Entity, entity.id), await session.get_one(User, owner.id)
        with pytest.raises(ConflictError, match="Nothing that was learned"):
            await accept_page(session, site, me)


async def test_strangers_see_public_sites_only_and_viewers_settle_nothing(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await show(entity, HACKED, HACKED)
        (tamper,) = await load_tampers(entity)
        async with db.begin() as session:
            viewer = await add_person(session, "eve", role=Role.VIEWER)
            other = await add_person(session, "ann")
            with pytest.raises(NotFoundError):
                await get_tamper(session, tamper.id, seen_by=None)
        with pytest.raises(ForbiddenError):
            await settle(tamper, viewer, TamperState.INCIDENT)
        for state in (TamperState.ACCEPTED, TamperState.IGNORED):
            with pytest.raises(ForbiddenError, match="Only the owner"):
                await settle(tamper, other, state)
        await settle(tamper, other, TamperState.INCIDENT)
        async with db.begin() as session:
            site = await session.get_one(Entity, entity.id)
            works = [
                edit_page(session, site, other, is_on=False),
                accept_page(session, site, other),
                relearn_page(session, site, other),
            ]
            for work in works:
                with pytest.raises(ForbiddenError):
                    await work


async def test_tampers_are_listed_by_site_and_state(
    app: Quart, entity: Entity, owner: User
) -> None:
    async with app.app_context():
        await learn(entity, owner)
        await show(entity, HACKED, HACKED, "<p>Head<p>x", "<p>Head<p>x")
        newest = (await load_tampers(entity))[1]
        await settle(newest, owner, TamperState.INCIDENT)
        counts = []
        for given in (
            {},
            {"states": [TamperState.OPEN]},
            {"states": [TamperState.ACCEPTED]},
            {"entity_id": entity.id + 1},
            {"site": entity.name.upper()},
            {"site": "elsewhere"},
        ):
            async with db.read() as session:
                query = select_tampers(seen_by=owner, **given)
                counts.append([one.id - newest.id for one in await session.scalars(query)])

    assert counts == [[0, -1], [-1], [], [], [0, -1], []]
