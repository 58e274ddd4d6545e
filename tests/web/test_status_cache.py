"""Status pages are the same for everybody, so that caches may keep them."""

from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import SiteGroup, User
from quartapp.services.entity import add_entity

PATHS = [
    "/status/",
    "/status/open",
    "/status/groups/shops",
    "/status/badge.svg",
    "/status/groups/shops/badge.svg",
    "/status/open/badge.svg",
    "/status/feed.atom",
    "/status/groups/shops/feed.rss",
    "/status/embed",
    "/status/groups/shops/embed",
]
CACHED = "public, max-age=30, stale-while-revalidate=60"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"RATE_LIMITS": True}


@pytest.fixture(autouse=True)
async def _site(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        await add_entity(session, name="open", url="http://a.test/", is_public=True, owner=None)
        session.add(SiteGroup(name="Shops", slug="shops", is_public=True))


@pytest.mark.parametrize("path", PATHS)
async def test_answer_may_be_kept_by_anyone(client: QuartClient, path: str) -> None:
    headers = (await client.get(path)).headers

    assert headers["Cache-Control"] == CACHED
    assert headers["ETag"].startswith('"')
    assert headers["Vary"] == "Accept-Language"
    assert "Set-Cookie" not in headers
    assert "RateLimit" not in headers


@pytest.mark.parametrize("path", PATHS)
async def test_who_is_signed_in_gets_what_strangers_get(
    app: Quart, client: QuartClient, browser: QuartClient, admin: User, path: str
) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(language="zh"))
    answers = [await one.get(path, headers={"Accept-Language": "ru"}) for one in (client, browser)]
    pages = [await answer.get_data(as_text=True) for answer in answers]

    assert pages[0] == pages[1]
    assert [answer.headers["ETag"] for answer in answers] == 2 * [answers[0].headers["ETag"]]
    assert {answer.headers["Content-Language"] for answer in answers} == {"ru"}
    assert {answer.headers["Vary"] for answer in answers} == {"Accept-Language"}
    assert not any("Set-Cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_still_the_same_is_not_sent_again(client: QuartClient, path: str) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = await client.get(path, headers={"If-None-Match": '"other"'})

    assert (again.status_code, await again.get_data()) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert (other.status_code, await other.get_data()) == (200, await first.get_data())


@pytest.mark.parametrize("path", ["/status/", "/status/open"])
async def test_another_state_is_another_answer(app: Quart, client: QuartClient, path: str) -> None:
    first = (await client.get(path)).headers["ETag"]
    async with app.app_context(), db.begin() as session:
        await add_entity(session, name="b", url="http://b.test/", is_public=True, owner=None)
    again = await client.get(path, headers={"If-None-Match": first})

    assert again.status_code == (304 if path == "/status/open" else 200)


@pytest.mark.parametrize("path", ["nothing", "nothing/badge.svg", "groups/nothing/feed.atom"])
async def test_refusal_is_kept_by_nobody(client: QuartClient, path: str) -> None:
    answer = await client.get(f"/status/{path}")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert answer.headers["RateLimit"].startswith('"pages"')
