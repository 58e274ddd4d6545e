"""Whose sessions are seen, and ended, by whom."""

from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, update

from quartapp.errors import NotFoundError
from quartapp.extensions import db
from quartapp.models import User, UserSession, utcnow
from quartapp.models.session import IDLE
from quartapp.services.paging import paginate
from quartapp.services.session import (
    close_sessions,
    end_sessions,
    find_ended_sessions,
    find_session,
    find_session_by_id,
    open_session,
    remove_session,
    select_all_sessions,
    select_sessions,
)
from tests.helpers import add_person
from tests.services.events import Event, list_events
from tests.services.waking import begin, count, find_name

SECOND = timedelta(seconds=1)


async def test_list_has_the_sessions_that_still_hold(app: Quart, admin: User) -> None:
    idle, ended = {"seen_at": utcnow() - IDLE - SECOND}, {"expires_at": utcnow() - SECOND}
    async with app.app_context():
        for browser, values, remember in (
            ("awake", {}, False),
            ("idle", idle, False),
            ("asleep", idle, True),
            ("ended", ended, True),
        ):
            async with db.begin() as session:
                await open_session(session, admin, browser=browser, remember=remember)
                own = UserSession.browser == browser
                if values:
                    await session.execute(update(UserSession).where(own).values(**values))
        async with db.read() as session:
            listed = (await paginate(session, select_sessions(admin), 1, 20)).items
            query = select(UserSession.family).order_by(UserSession.id)
            families = list(await session.scalars(query))
            assert [row.browser for row in listed] == ["awake", "asleep"]
            assert await find_ended_sessions(session, families) == {families[1], families[3]}


async def test_all_sessions_of_a_person_end_but_the_one_in_use(app: Quart, admin: User) -> None:
    async with app.app_context():
        opened = [await begin(admin) for _ in range(3)]
        async with db.begin() as session:
            ann = await add_person(session, "ann")
            hers = await open_session(session, ann)
            kept = await find_session(session, opened[1].token)
            assert kept
            await close_sessions(session, admin, but=kept.id)
            assert await find_ended_sessions(session, [kept.family, "no"]) == {"no"}
        names = [await find_name(secrets.token) for secrets in [*opened, hers]]
        assert names == [None, "admin", None, "ann"]
        async with db.begin() as session:
            await close_sessions(session, admin)
        assert await find_name(opened[1].token) is None


async def test_session_of_another_does_not_exist(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            ann, bob = await add_person(session, "ann"), await add_person(session, "bob")
            await open_session(session, ann, browser="x" * 300)
            (row,) = (await paginate(session, select_sessions(ann), 1, 20)).items
            assert len(row.browser) == 200
            assert (await paginate(session, select_sessions(bob), 1, 20)).items == []
            for by, as_admin in ((bob, False), (bob, True), (admin, False)):
                with pytest.raises(NotFoundError):
                    await remove_session(session, row.id, by, as_admin=as_admin)
            await remove_session(session, row.id, admin, as_admin=True)
        assert await count() == 0


async def begin_some(*people: User) -> list[int]:
    """Begin a session of each, all seen at the same moment; return their ids."""
    for number, user in enumerate(people):
        await begin(user, browser=f"{user.name} {number}")
    async with db.begin() as session:
        await session.execute(update(UserSession).values(seen_at=utcnow()))
        return list(await session.scalars(select(UserSession.id).order_by(UserSession.id)))


async def add_people(*names: str) -> list[User]:
    async with db.begin() as session:
        return [await add_person(session, name) for name in names]


async def test_last_seen_is_listed_first_and_then_the_youngest(app: Quart) -> None:
    async with app.app_context():
        ann, bob, cid = await add_people("ann", "bob", "cid")
        ids = await begin_some(bob, ann, bob, cid, bob)
        async with db.begin() as session:
            seen = utcnow() + SECOND
            is_first = UserSession.id == ids[0]
            await session.execute(update(UserSession).where(is_first).values(seen_at=seen))
        async with db.read() as session:
            queries = (select_sessions(bob), select_all_sessions("N"), select_all_sessions())
            lists = [[row.browser for row in await session.scalars(query)] for query in queries]
    assert lists == [
        ["bob 0", "bob 4", "bob 2"],
        ["ann 1"],
        ["bob 0", "bob 4", "cid 3", "bob 2", "ann 1"],
    ]


async def test_session_is_found_by_its_id_and_no_other(app: Quart, admin: User) -> None:
    async with app.app_context():
        ids = await begin_some(admin, admin, admin)
        async with db.read() as session:
            asked = [ids[0] - 1, *ids, ids[2] + 1]
            rows = [await find_session_by_id(session, number) for number in asked]
    assert [row and (row.id, row.user.name) for row in rows] == [
        None,
        *[(number, "admin") for number in ids],
        None,
    ]


async def test_sessions_of_one_end_and_it_is_told_who_wished_it(app: Quart, admin: User) -> None:
    async with app.app_context():
        ann, bob, cid = await add_people("ann", "bob", "cid")
        ids = await begin_some(ann, bob, bob, cid, bob)
        async with db.begin() as session:
            await end_sessions(session, bob, admin, but=ids[2])
            left = list(await session.scalars(select(UserSession.id).order_by(UserSession.id)))
            await end_sessions(session, bob, None)
            left_then = list(await session.scalars(select(UserSession.id)))
        events = [event for event in await list_events() if event.action != "login"]
    assert (left, {*left_then}) == ([ids[0], ids[2], ids[3]], {ids[0], ids[3]})
    assert events == [Event("admin", "sessions-ended", "bob"), Event("", "sessions-ended", "bob")]


async def test_one_session_ends_and_it_is_told_which(app: Quart, admin: User) -> None:
    async with app.app_context():
        (ann,) = await add_people("ann")
        ids = await begin_some(ann, ann, ann)
        async with db.begin() as session:
            with pytest.raises(NotFoundError) as caught:  # nobody said it was as administrator
                await remove_session(session, ids[1], admin)
            await remove_session(session, ids[1], ann)
            left = list(await session.scalars(select(UserSession.id).order_by(UserSession.id)))
        events = await list_events()
    assert (str(caught.value), left) == (f"There is no session {ids[1]}.", [ids[0], ids[2]])
    assert events[3:] == [Event("ann", "session-ended", "ann", "ann 1")]
