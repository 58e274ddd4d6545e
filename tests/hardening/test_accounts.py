"""Accounts: how passwords are taken, what there is from the start, what ends."""

import base64
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import func, select, update

from quartapp import create_app
from quartapp.extensions import db
from quartapp.models import User, utcnow
from quartapp.security import check_password, hash_password
from quartapp.services.user import add_user
from tests.api.helpers import Api
from tests.browser.pages import PAGES
from tests.helpers import PASSWORD, add_person, make_bearer, read_token, sign_in
from tests.papers import ROOT
from tests.web.second_step import post

pytestmark = pytest.mark.asvs

LOGIN = "/auth/login"
EXACT = " Fünf Wörter, und MEHR als sonst, so lang, dass man sie kaum tippt " + "x" * 50


async def log_in(client: QuartClient, password: str) -> int:
    status, _ = await post(client, LOGIN, LOGIN, name="ann", password=password)
    return status


@pytest.fixture
async def ann(app: Quart) -> None:
    password_hash = await hash_password(EXACT)
    async with app.app_context(), db.begin() as session:
        await add_user(session, name="ann", password_hash=password_hash)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("password", "status"),
    [
        (EXACT, 303),
        (EXACT.strip(), 422),
        (EXACT.lower(), 422),
        (EXACT[:-1], 422),
        (EXACT[:64], 422),
        (EXACT + "x", 422),
    ],
)
async def test_password_is_compared_as_it_was_typed(
    client: QuartClient, password: str, status: int
) -> None:
    assert len(EXACT) > 64
    assert await log_in(client, password) == status


@pytest.mark.usefixtures("ann")
async def test_password_holds_however_old_it_is(app: Quart, client: QuartClient) -> None:
    long_ago = utcnow() - timedelta(days=3650)
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(created_at=long_ago, updated_at=long_ago))

    assert await log_in(client, EXACT) == 303


async def test_nobody_is_there_from_the_start(app: Quart) -> None:
    async with app.app_context(), db.read() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 0


def test_no_hint_and_no_question_is_kept() -> None:
    assert set(User.__table__.columns.keys()) == {
        *("id", "created_at", "updated_at", "name", "email", "email_confirmed_at"),
        *("password_hash", "role", "disabled_at", "language", "theme"),
    }


async def test_fields_for_passwords_hide_them_and_take_what_a_manager_pastes(
    browser: QuartClient,
) -> None:
    paths = [LOGIN, "/auth/confirm", "/auth/setup", "/account/password", "/auth/reset"]
    fields = [
        field
        for path in paths
        for field in re.findall(
            r"<input[^>]*password[^>]*>", await (await browser.get(path)).get_data(as_text=True)
        )
    ]
    scripts = "".join(path.read_text() for path in (ROOT / "quartapp" / "static").glob("*.js"))

    assert len(fields) == len(paths) + 1
    assert all('type="password"' in field for field in fields)
    assert all(re.search('autocomplete="(current|new)-password"', field) for field in fields)
    assert all("maxlength" not in field or 'maxlength="128"' in field for field in fields)
    assert not re.search(r"[\"'](paste|copy|contextmenu)[\"']|onpaste", scripts)


async def test_every_page_of_a_person_offers_the_way_out(browser: QuartClient) -> None:
    """Pages whose address names nothing that has to be made first."""
    paths = {
        path.partition("?")[0] for who, path, status in PAGES if who == "admin" and status == 200
    }
    seen = 0
    for path in sorted(paths):
        response = await browser.get(path)
        if response.status_code != 200 or response.mimetype != "text/html":
            continue
        page = await response.get_data(as_text=True)
        seen += 1
        assert 'action="/auth/logout"' in page, path
    assert seen > 15


@pytest.fixture
def production(tmp_path: Path, database_url: str) -> Quart:
    place = {"TESTING": True, "INSTANCE_PATH": tmp_path, "DATABASE_URL": database_url}
    cookies = {"SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_NAME": "__Host-session"}
    return create_app({**place, **cookies, "PUBLIC_URL": "https://localhost"})


async def test_every_cookie_is_bound_to_the_host_and_hidden_from_scripts(production: Any) -> None:
    async with production.test_app():
        password_hash = await hash_password(PASSWORD)
        async with production.app_context(), db.begin() as session:
            await add_user(session, name="ann", password_hash=password_hash)
        client = production.test_client()
        page = await client.get(LOGIN, scheme="https")
        token, *_ = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', await page.get_data(True))
        form = {"name": "ann", "password": PASSWORD, "remember": "y", "csrf_token": token}
        answer = await client.post(
            LOGIN, form=form, scheme="https", headers={"Origin": "https://localhost"}
        )
        cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]

    names = {cookie.partition("=")[0] for cookie in cookies}
    assert names == {"__Host-session", "__Host-quartapp", "__Host-remember"}
    for cookie in cookies:
        parts = cookie.split("; ")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {*parts}, cookie
        assert not any(part.startswith("Domain") for part in parts)
    values = [cookie.partition("=")[2].partition(";")[0] for cookie in cookies]
    body = await answer.get_data(as_text=True)
    assert not any(value and value in body for value in values)


async def test_no_address_of_a_page_has_the_secret_of_a_session(app: Quart, admin: User) -> None:
    client = await sign_in(app.test_client(), admin.name)
    secrets = [str(cookie.value) for cookie in client.cookie_jar]
    for path in ("/", "/account/", "/account/sessions", "/entities/"):
        page = await (await client.get(path)).get_data(as_text=True)
        assert not any(secret in page for secret in secrets)
    assert await read_token(client, "/account/")


async def test_hash_holds_its_own_salt() -> None:
    first, second = await hash_password(PASSWORD), await hash_password(PASSWORD)

    assert first != second
    assert await check_password(PASSWORD, first)


async def test_no_cookie_tells_whose_it_is(app: Quart, admin: User) -> None:
    """What is only encoded can be read by whoever looks into the browser."""
    client = await sign_in(app.test_client(), admin.name)
    await client.get("/auth/confirm?next=/account/")
    told = b""
    for cookie in client.cookie_jar:
        for part in str(cookie.value).split("."):
            told += base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    assert len(told) > 32
    assert [
        word for word in (admin.name, PASSWORD, admin.password_hash) if word.encode() in told
    ] == []


async def test_lists_of_ones_own_have_nothing_of_others(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        people = {"admin": admin, "ann": await add_person(session, "ann")}
        tokens = {name: await make_bearer(session, who) for name, who in people.items()}
    for name in people:
        await sign_in(app.test_client(), name)
        hook = {"kind": "webhook", "url": f"https://{name}.example/"}
        assert (await Api(app, tokens[name])("POST", "/channels", json=hook))[0] == 201

    for path in ("/tokens", "/sessions", "/channels"):
        pages = [await Api(app, one)("GET", path) for one in tokens.values()]
        mine, hers = ({row["id"] for row in page["items"]} for _, page in pages)
        assert (len(mine), len(hers), mine & hers) == (1, 1, set()), path
