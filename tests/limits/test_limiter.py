"""Requests and handshakes are counted, and refused when they are too many."""

from pathlib import Path
from typing import Any

import pytest
from quart import Quart, websocket
from quart.testing import QuartClient
from quart.testing.connections import WebsocketResponseError
from sqlalchemy import text

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.errors import TooManyRequestsError
from quartapp.extensions import db, limiter
from quartapp.limits import by_address, by_all, limit
from quartapp.limits.rules import API, PAGES
from quartapp.models import User
from tests.helpers import add_person, make_bearer
from tests.limits.asking import ask, asking
from tests.test_config import PRODUCTION

pytestmark = pytest.mark.usefixtures("_still_clock")

CONFLICT = "INSERT INTO alembic_version SELECT version_num FROM alembic_version"


@pytest.fixture
def five(fresh_app: QuartApp) -> QuartApp:
    """An app whose pages and API may each be asked for five times."""

    @fresh_app.route("/five", methods=["GET", "POST"])
    @limit("5/minute")
    async def five() -> str:
        return "done"

    fresh_app.add_url_rule("/api/five", "api_five", five)
    return fresh_app


async def count_statuses(client: QuartClient, path: str, times: int, **options: Any) -> list[int]:
    return [(await ask(client, path, **options)).status_code for _ in range(times)]


async def test_one_too_many_is_refused(five: Quart) -> None:
    assert await count_statuses(five.test_client(), "/five", 7) == [200] * 5 + [429] * 2


async def test_refusal_is_a_page_or_a_problem(five: Quart) -> None:
    client = five.test_client()
    await count_statuses(client, "/five", 5)
    page, problem = await ask(client, "/five"), await ask(client, "/api/five")

    assert "That was too often. Try again in 60 seconds." in await page.get_data(as_text=True)
    said = await problem.get_json()
    assert said == {
        "type": "about:blank",
        "title": "Too many requests",
        "status": 429,
        "detail": "That was too often. Try again in 60 seconds.",
        "request_id": said["request_id"],
    }
    for answer in (page, problem):
        assert {name: answer.headers[name] for name in ("Retry-After", "RateLimit")} == {
            "Retry-After": "60",
            "RateLimit": '"five";r=0;t=60',
        }
        assert answer.headers["RateLimit-Policy"] == '"five";q=5;w=60'


async def test_addresses_are_counted_apart(five: Quart) -> None:
    client = five.test_client()
    await count_statuses(client, "/five", 6, address="2001:db8::1")

    told = {
        address: (await ask(client, "/five", address)).status_code
        for address in ("2001:db8::2", "2001:db8:0:1::1", "192.0.2.1")
    }
    assert told == {"2001:db8::2": 429, "2001:db8:0:1::1": 200, "192.0.2.1": 200}


@pytest.mark.parametrize("name", ["Remote-Addr", "X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_nobody_invents_an_address(five: Quart, name: str) -> None:
    client = five.test_client()
    told = [
        (await ask(client, "/five", headers={name: f"203.0.113.{number}"})).status_code
        for number in range(6)
    ]

    assert told == [200] * 5 + [429]


async def test_users_are_counted_wherever_they_are(fresh_app: QuartApp) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        people = [await add_person(session, name) for name in ("alice", "bob")]
        alice, bob = [await make_bearer(session, person) for person in people]
    client = fresh_app.test_client(use_cookies=False)

    left = [
        (await ask(client, "/api/v1/entities", address, headers=headers)).headers["RateLimit"]
        for address, headers in [("a", alice), ("192.0.2.7", alice), ("a", bob), ("a", {})]
    ]
    assert left == [f'"api";r={number};t=60' for number in (599, 598, 599, 599)]


async def test_every_answer_of_the_api_tells_what_is_left(client: QuartClient) -> None:
    paths = ["/api/v1/openapi.json", "/api/v1/entities", "/api/v1/entities/1", "/api/v1/docs/x"]
    answers = [await ask(client, path) for path in paths]

    assert [(answer.status_code, answer.headers["RateLimit"]) for answer in answers] == [
        (200, '"api";r=599;t=60'),
        (401, '"api";r=598;t=60'),
        (401, '"api";r=597;t=60'),
        (404, '"api";r=596;t=60'),
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"api";q=600;w=60'}


async def test_what_is_not_there_is_limited_like_a_page(client: QuartClient) -> None:
    left = [
        (await ask(client, path)).headers["RateLimit"]
        for path in ("/auth/login", "/nothing", "/api/v1/nothing")
    ]

    assert left == [f'"pages";r={number};t=60' for number in (299, 298, 297)]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/static/app.css"])
async def test_exempt_answers_have_no_limit(client: QuartClient, path: str) -> None:
    statuses = {*(await count_statuses(client, path, 10))}
    answer = await ask(client, path)

    assert (statuses, "RateLimit" in answer.headers) == ({200}, False)


async def test_options_may_always_be_asked_for(five: Quart) -> None:
    client = five.test_client()

    assert await count_statuses(client, "/five", 10, method="OPTIONS") == [200] * 10
    assert await count_statuses(client, "/five", 1) == [200]


@pytest.mark.parametrize(("path", "status"), [("/auth/login", 403), ("/auth/login?a=%00", 400)])
async def test_what_a_hook_refuses_counts(client: QuartClient, path: str, status: int) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    refused = await ask(client, path, method="POST", headers=foreign)

    assert (refused.status_code, refused.headers["RateLimit"]) == (status, '"pages";r=299;t=60')


async def test_limit_may_be_one_for_all_or_by_address(fresh_app: QuartApp, admin: User) -> None:
    @fresh_app.get("/both")
    @limit("3/minute", by=by_address)
    @limit("4/minute", by=by_all)
    async def both() -> str:
        return "done"

    client = fresh_app.test_client()
    assert await count_statuses(client, "/both", 4, address="192.0.2.1") == [200] * 3 + [429]
    assert await count_statuses(client, "/both", 1, address="192.0.2.2") == [429]


async def test_view_that_runs_again_counts_once(five: QuartApp) -> None:
    runs: list[bool] = []

    @five.post("/again")
    @limit("5/minute")
    async def again() -> str:
        runs.append(True)
        await limiter.check_login("alice")
        if len(runs) < 3:
            await db.session.execute(text(CONFLICT))
        return "done"

    answer = await ask(five.test_client(), "/again", method="POST")
    assert (answer.status_code, len(runs)) == (200, 3)
    assert answer.headers["RateLimit"] == (
        '"again";r=4;t=60, "login-address";r=9;t=300, "login-account";r=9;t=300'
    )


async def test_view_that_catches_a_refusal_is_refused_again(app: Quart) -> None:
    for number in range(10):
        async with asking(app):
            await limiter.check_login(f"user {number}")
    async with asking(app):
        for _ in range(2):
            with pytest.raises(TooManyRequestsError):
                await limiter.check_login("another")


# --- sockets


@pytest.fixture
async def socket_app(fresh_app: QuartApp) -> QuartApp:
    @fresh_app.websocket("/socket")
    @limit("2/minute")
    async def talk() -> None:
        await websocket.send("hello")

    return fresh_app


async def test_handshakes_are_counted(socket_app: QuartApp) -> None:
    client, told = socket_app.test_client(), []
    for _ in range(3):
        try:
            async with client.websocket("/socket") as socket:
                told.append(await socket.receive())
        except WebsocketResponseError as error:
            told.append(error.response)

    *heard, refusal = told
    assert heard == ["hello", "hello"]
    assert (refusal.status_code, (await refusal.get_json())["title"]) == (429, "Too many requests")
    assert refusal.headers["RateLimit"] == '"talk";r=0;t=60'
    assert refusal.headers["Retry-After"] == "60"


# --- settings


def test_defaults_are_those_of_the_papers() -> None:
    assert (str(API.allows), str(PAGES.allows)) == ("600 per 1 minute", "300 per 1 minute")


@pytest.mark.parametrize("settings", [{"RATE_LIMITS": False}])
async def test_limits_may_be_off(five: Quart) -> None:
    answers = [await ask(five.test_client(), "/five") for _ in range(10)]

    assert {(answer.status_code, "RateLimit" in answer.headers) for answer in answers} == {
        (200, False)
    }


def test_production_without_limits_is_warned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**PRODUCTION, "RATE_LIMITS": "0", "INSTANCE_PATH": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    create_app()

    assert "RATE_LIMITS is off: passwords can be guessed at any speed." in capsys.readouterr().err
