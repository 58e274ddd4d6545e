from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import BadRequestError
from quartapp.extensions import db
from quartapp.models import Link, Purpose, Role, User, utcnow
from quartapp.services import link as links
from quartapp.services.link import VOID, add_link, get_link, remove_links, take_link, use_link
from tests.services.guessing import guess_beside

MOMENT = timedelta(microseconds=1)


@pytest.fixture
async def tokens(app: Quart, people: list[User]) -> dict[str, str]:
    """The secrets of links, of three persons by their names."""
    async with app.app_context(), db.begin() as session:
        return {user.name: await add_link(session, Purpose.RESET, user=user) for user in people}


async def use(purpose: Purpose, token: str) -> tuple[int | None, str | None, str | None]:
    async with db.begin() as session:
        link = await use_link(session, token, purpose)
    return link.user_id, link.email, link.role


async def test_link_works_once(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            invitation = await add_link(
                session, Purpose.INVITE, email="a@example.org", role=Role.EDITOR
            )
            reset = await add_link(session, Purpose.RESET, user=admin)

        assert await use(Purpose.INVITE, invitation) == (None, "a@example.org", "editor")
        assert await use(Purpose.RESET, reset) == (admin.id, None, None)
        for purpose, token in ((Purpose.INVITE, invitation), (Purpose.RESET, reset)):
            with pytest.raises(BadRequestError, match=VOID):
                await use(purpose, token)


async def test_link_is_for_its_purpose_only(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await add_link(session, Purpose.CONFIRM, user=admin)
        with pytest.raises(BadRequestError, match=VOID):
            await use(Purpose.RESET, token)
        assert (await use(Purpose.CONFIRM, token))[0] == admin.id


async def test_expired_link_is_void(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await add_link(session, Purpose.RESET, user=admin)
            past = utcnow() - timedelta(seconds=1)
            await session.execute(update(Link).values(expires_at=past))
        with pytest.raises(BadRequestError, match=VOID):
            await use(Purpose.RESET, token)


async def test_new_link_voids_the_one_before_it(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            old = await add_link(session, Purpose.RESET, user=admin)
            other = await add_link(session, Purpose.CONFIRM, user=admin)
            await add_link(session, Purpose.RESET, user=admin)
        with pytest.raises(BadRequestError):
            await use(Purpose.RESET, old)
        assert (await use(Purpose.CONFIRM, other))[0] == admin.id


async def test_all_links_of_a_person_can_be_voided(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            token = await add_link(session, Purpose.RESET, user=admin)
            await remove_links(session, admin)
        with pytest.raises(BadRequestError):
            await use(Purpose.RESET, token)


async def test_link_stands_for_its_own_person_alone(
    app: Quart, people: list[User], tokens: dict[str, str]
) -> None:
    names = {user.id: user.name for user in people}
    async with app.app_context():
        for left, name in ((3, "bob"), (2, "ann"), (1, "eve")):
            async with db.read() as session:
                assert await session.scalar(select(func.count(Link.id))) == left
            user_id, _, _ = await use(Purpose.RESET, tokens[name])
            assert names[user_id or 0] == name


async def test_nobodys_token_is_void(app: Quart, tokens: dict[str, str]) -> None:
    async with app.app_context():
        for guess in guess_beside(tokens.values()):
            with pytest.raises(BadRequestError, match=VOID):
                await use(Purpose.RESET, guess)


async def test_link_is_void_from_its_last_moment_on(
    app: Quart, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.app_context(), db.read() as session:
        link = await get_link(session, tokens["ann"], Purpose.RESET)
        monkeypatch.setattr(links, "utcnow", lambda: link.expires_at - MOMENT)
        assert await get_link(session, tokens["ann"], Purpose.RESET) is link
        for later in (0 * MOMENT, MOMENT):
            monkeypatch.setattr(links, "utcnow", lambda later=later: link.expires_at + later)
            with pytest.raises(BadRequestError, match=VOID):
                await get_link(session, tokens["ann"], Purpose.RESET)


async def test_link_that_another_has_used_meanwhile_is_not_taken(
    app: Quart, tokens: dict[str, str]
) -> None:
    async with app.app_context(), db.begin() as session:
        link = await get_link(session, tokens["ann"], Purpose.RESET)
        await session.execute(delete(Link).where(Link.id == link.id))
        assert not await take_link(session, link)


async def test_link_that_another_uses_at_the_same_moment_is_void(
    app: Quart, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_too_late(session: AsyncSession, token: str, *purposes: Purpose) -> Link:
        link = await get_link(session, token, *purposes)
        await session.execute(delete(Link).where(Link.id == link.id))
        return link

    monkeypatch.setattr(links, "get_link", find_too_late)
    async with app.app_context():
        with pytest.raises(BadRequestError, match=VOID):
            await use(Purpose.RESET, tokens["ann"])


async def test_links_of_others_stay(app: Quart, people: list[User], tokens: dict[str, str]) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await remove_links(session, people[1])
        assert [(await use(Purpose.RESET, tokens[name]))[0] for name in ("ann", "eve")] == [
            people[0].id,
            people[2].id,
        ]
