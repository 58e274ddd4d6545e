"""Who was refused is in the log: who, from where, what and why, but not what was sent."""

import re
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from quart.testing.connections import WebsocketResponseError

from quartapp import refusals
from quartapp.extensions import db
from quartapp.models import Role, Scope, User
from tests.helpers import UNKNOWN_TOKEN, add_person, make_bearer, sign_in

SECRET = "Zq7canary"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"RATE_LIMITS": True, "RATE_LIMIT_PAGES": "20/hour"}


TOLD = re.compile(r"Refused with (\d+): (\w+ \S+), asked by (user \d+|nobody known) from \S+: (.+)")


def read_told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, ...]]:
    found = [TOLD.fullmatch(line) for line in caplog.messages]
    return [match.groups() for match in found if match]


async def add_viewer(app: Quart) -> User:
    async with app.app_context(), db.begin() as session:
        return await add_person(session, "ann", role=Role.VIEWER)


async def test_who_may_not_do_it_is_told(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    ann = await add_viewer(app)
    client = await sign_in(app.test_client(), "ann")
    await client.get(f"/admin/users?q={SECRET}")
    async with app.app_context(), db.begin() as session:
        headers = await make_bearer(session, ann, Scope.READ)
    await app.test_client().post("/api/v1/entities", json={"name": SECRET}, headers=headers)

    assert read_told(caplog) == [
        ("403", "GET /admin/users", f"user {ann.id}", "Only administrators may do this."),
        ("403", "POST /api/v1/entities", f"user {ann.id}", "This token may only read."),
    ]
    assert SECRET not in caplog.text


async def test_form_without_its_token_is_told(
    admin: User, browser: QuartClient, caplog: pytest.LogCaptureFixture
) -> None:
    await browser.post("/entities/new", form={"name": SECRET, "url": "https://a.test/"})

    why = "the token of the form"
    assert read_told(caplog) == [("403", "POST /entities/new", f"user {admin.id}", why)]
    assert SECRET not in caplog.text


async def test_token_that_is_none_is_told_and_a_stranger_is_not(
    app: Quart, client: QuartClient, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Authorization": f"Bearer {UNKNOWN_TOKEN}"}
    await client.get("/api/v1/entities", headers=headers)
    await client.get("/api/v1/entities")
    await client.get("/")

    why = "This token does not hold, or no longer: ask for another one."
    assert read_told(caplog) == [("401", "GET /api/v1/entities", "nobody known", why)]
    assert UNKNOWN_TOKEN not in caplog.text


async def test_what_is_not_sound_is_told(
    client: QuartClient, caplog: pytest.LogCaptureFixture
) -> None:
    await client.get("/entities/?q=%00")
    (told,) = read_told(caplog)

    assert told[:3] == ("400", "GET /", "nobody known")


async def test_slip_of_the_pen_is_not_told(
    browser: QuartClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await browser.get("/nothing")).status_code == 404
    assert (await browser.get("/entities/?page=x")).status_code in (200, 404)
    assert read_told(caplog) == []


async def test_socket_of_another_site_is_told(
    app: Quart, browser: QuartClient, caplog: pytest.LogCaptureFixture
) -> None:
    connection = browser.websocket("/api/v1/live", headers={"Origin": "https://evil.test"})
    with pytest.raises(WebsocketResponseError):
        async with connection as socket:
            await socket.receive()

    assert [told[:2] for told in read_told(caplog)] == [("403", "GET /api/v1/live")]


async def test_one_too_many_is_told(client: QuartClient, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(21):
        await client.get(f"/auth/login?next={SECRET}")

    assert [told[:3] for told in read_told(caplog)] == [("429", "GET /auth/login", "nobody known")]
    assert SECRET not in caplog.text


async def test_who_is_refused_without_end_fills_no_log(
    client: QuartClient, browser: QuartClient, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(refusals.MOST_LINES + 5):
        await client.get("/?q=%00")
    told = read_told(caplog)
    await browser.post("/entities/new", form={})

    assert len(told) == refusals.MOST_LINES
    assert [line[3].endswith(refusals.MORE) for line in told[-2:]] == [False, True]
    assert len(read_told(caplog)) == refusals.MOST_LINES + 1
