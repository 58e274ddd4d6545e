from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.errors import BadRequestError
from quartapp.extensions import db
from quartapp.models import Link, Purpose, Role, User, utcnow
from quartapp.services.link import VOID, add_link, remove_links, use_link


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
