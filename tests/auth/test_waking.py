"""Requests that were on the way when the remember cookie was replaced or made void."""

from dataclasses import dataclass

import pytest
from quart.testing import QuartClient
from quart_auth import generate_auth_token
from sqlalchemy import select

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Entity, User, UserSession
from quartapp.services.session import open_session, wake_session
from tests.helpers import PASSWORD, add_person, read_token

NEW = "/entities/new"


@dataclass
class Woken:
    """A browser whose session has been woken: as its requests before come, and those after."""

    late: QuartClient
    awake: QuartClient


async def make_woken(app: QuartApp, user: User) -> Woken:
    async with app.app_context(), db.begin() as session:
        first = await open_session(session, user, remember=True)
        woken = await wake_session(session, str(first.remember))
    assert woken
    assert woken[1]
    late, awake = app.test_client(), app.test_client()
    late.set_cookie("localhost", "remember", str(first.remember))
    awake.set_cookie("localhost", "quartapp", generate_auth_token(awake, woken[1].token))
    awake.set_cookie("localhost", "remember", str(woken[1].remember))
    return Woken(late, awake)


@pytest.fixture
async def woken(app: QuartApp, admin: User) -> Woken:
    return await make_woken(app, admin)


async def send(client: QuartClient, name: str, token: str) -> int:
    form = {"name": name, "url": "http://a.test/", "csrf_token": token}
    return (await client.post(NEW, form=form)).status_code


async def test_form_of_a_late_page_is_taken_before_and_after_the_new_cookies(
    app: QuartApp, woken: Woken, admin: User
) -> None:
    token = await read_token(woken.late, NEW)
    assert await send(woken.late, "late", token) == 303
    assert await send(woken.awake, "awake", token) == 303
    async with app.app_context(), db.read() as session:
        found = await session.execute(select(Entity.name, Entity.owner_id).order_by(Entity.id))
        assert [tuple(row) for row in found] == [("late", admin.id), ("awake", admin.id)]


async def test_form_of_a_late_page_is_that_of_its_session(app: QuartApp, woken: Woken) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
    foreign = await read_token((await make_woken(app, ann)).late, NEW)
    assert await send(woken.late, "forged", foreign) == 403


async def test_late_logout_ends_the_session(app: QuartApp, woken: Woken) -> None:
    form = {"csrf_token": await read_token(woken.late, NEW)}
    assert (await woken.late.post("/auth/logout", form=form)).status_code == 303
    assert [cookie.value for cookie in woken.late.cookie_jar if cookie.name == "remember"] == []
    assert (await woken.awake.get(NEW)).status_code == 303
    async with app.app_context(), db.read() as session:
        assert list(await session.scalars(select(UserSession.id))) == []


async def test_request_sent_beside_a_confirmation_ends_nothing(app: QuartApp, woken: Woken) -> None:
    beside = app.test_client()
    for cookie in woken.awake.cookie_jar:
        beside.set_cookie("localhost", cookie.name, str(cookie.value))
    form = {"password": PASSWORD, "csrf_token": await read_token(woken.awake, NEW)}
    assert (await woken.awake.post("/auth/confirm", form=form)).status_code == 303

    answer = await beside.get(NEW)
    assert answer.status_code == 303
    assert not any("remember" in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    assert (await woken.awake.get(NEW)).status_code == 200
