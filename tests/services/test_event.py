"""The time line: written with what made it happen, and only what one may see."""

from datetime import timedelta

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.models import Entity, EventKind, User, utcnow
from quartapp.models.event import DETAIL_LENGTH, TITLE_LENGTH, Topic
from quartapp.models.look import Reason
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from quartapp.services.bug import edit_bug, get_bug, report_bug
from quartapp.services.check import edit_check
from quartapp.services.comment import add_comment, get_comment, remove_comment
from quartapp.services.entity import get_entity
from quartapp.services.event import add_event, find_missing_events, list_events, select_events
from tests.helpers import add_person, queries
from tests.services.watching import look, watch


@pytest.fixture
async def entity(app: Quart) -> Entity:
    async with app.app_context():
        return (await watch("http://a.example"))[0]


@pytest.fixture
async def editor(app: Quart, entity: Entity) -> User:
    async with app.app_context(), db.begin() as session:
        editor = await add_person(session, "bob")
        (await get_entity(session, entity.id, seen_by=editor)).owner = editor
        return editor


async def read(entity_id: int | None = None, **filters: object) -> list[tuple[str, str, str]]:
    async with db.read() as session:
        query = select_events(seen_by=User(), entity_id=entity_id, **filters)  # type: ignore[arg-type]
        return [(str(one.kind), one.title, one.detail) for one in await list_events(session, query)]


async def test_listeners_are_woken_once_however_much_happened(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        with queries(db.engine) as sent:
            for _ in range(2):
                async with db.begin() as session:
                    for number in range(3):
                        title = f"Event {number}"
                        await add_event(session, entity.id, EventKind.DOWN, utcnow(), title)
        is_told = db.engine.dialect.name == "postgresql"

    assert len([one for one in sent if "pg_notify" in one]) == (2 if is_told else 0)


async def test_outage_begins_and_ends_on_the_time_line(app: Quart, entity: Entity) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number in range(6):
            reason = Reason.CONNECT if number < 3 else None
            await look(start + number * timedelta(minutes=7), reason)

        assert await read(entity.id) == [
            ("usability.up", "Up again after 21 minutes", ""),
            ("usability.down", "It is down", "It was connect."),
        ]


async def test_each_event_is_of_the_moment_it_happened(app: Quart, entity: Entity) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        for number in range(3):
            await look(start + number * timedelta(minutes=7), Reason.CONNECT)
        async with db.read() as session:
            (event,) = await list_events(session, select_events(seen_by=User()))
            assert event.at == start


async def test_what_is_said_is_on_the_time_line_until_it_is_removed(
    app: Quart, entity: Entity, editor: User
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            comment = await add_comment(session, entity, "It is slow.", editor)
            other = await add_comment(session, entity, "Not for me.", editor)
        async with db.begin() as session:
            await remove_comment(session, await get_comment(session, entity.id, comment.id), editor)
        async with db.read() as session:
            (event,) = await list_events(session, select_events(seen_by=editor))
            assert (event.subject_id, event.author_id) == (other.id, editor.id)


async def test_bug_is_told_of_as_it_is_reported_confirmed_and_closed(
    app: Quart, entity: Entity, editor: User
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            found = await get_entity(session, entity.id, seen_by=editor)
            owner = found.owner or editor
            bug = await report_bug(
                session, found, owner, title="Weak", severity=Severity.LOW, body=""
            )
        for state in FindingState.OPEN, FindingState.WONT_FIX:
            async with db.begin() as session:
                bug = await get_bug(session, bug.id, seen_by=editor)
                await edit_bug(session, bug, bug.reporter or editor, state=state)

        assert await read(topics=[Topic.BUG]) == [
            ("bug.closed", "Weak", "wont-fix"),
            ("bug.changed", "Weak", "open"),
            ("bug.opened", "Weak", "confirmed"),
        ]
        assert await read(topics=[Topic.TAMPER]) == []


async def test_pause_is_told_once(app: Quart, entity: Entity, editor: User) -> None:
    async with app.app_context():
        for is_paused in (True, True, False):
            async with db.begin() as session:
                found = await get_entity(session, entity.id, seen_by=editor)
                await edit_check(session, found, editor, is_paused=is_paused)

        assert [kind for kind, _, _ in await read()] == ["usability.resumed", "usability.paused"]


async def test_strangers_see_what_happens_to_public_sites(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await add_event(session, entity.id, EventKind.DOWN, utcnow(), "It is down")
        async with db.begin() as session:
            assert await list_events(session, select_events(seen_by=None)) == []
            (await get_entity(session, entity.id, seen_by=User())).is_public = True
            await session.flush()
            assert len(await list_events(session, select_events(seen_by=None))) == 1


async def test_long_texts_are_cut(app: Quart, entity: Entity) -> None:
    async with app.app_context(), db.begin() as session:
        assert await find_missing_events(session) == (0, set())
        event = await add_event(
            session, entity.id, EventKind.DOWN, utcnow(), "x" * 999, detail="y" * 999
        )
        assert (len(event.title), len(event.detail)) == (TITLE_LENGTH, DETAIL_LENGTH)
        assert (await find_missing_events(session))[0] == event.id
