import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity, User
from quartapp.models.tamper import TamperState
from tests.api.helpers import add_site
from tests.helpers import queries
from tests.services.reading import add_tamper
from tests.web.bugs import get

STATES = list(TamperState)


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


@pytest.fixture
async def tampers(app: Quart, admin: User, site: Entity) -> list[str]:
    """Add a change in each state, the last of another site; return their paths."""
    other = await add_site(app, admin, "Other site")
    async with app.app_context():
        made = [await add_tamper(site, state) for state in STATES[:-1]]
        made.append(await add_tamper(other, STATES[-1]))
    return [f"/tampers/{one.id}" for one in made]


async def list_paths(browser: QuartClient, path: str) -> list[str]:
    status, page = await get(browser, path)
    assert status == 200, page
    return re.findall(r'href="(/tampers/[0-9]+)"', page)


async def test_changes_of_all_sites_are_listed_the_newest_first(
    browser: QuartClient, tampers: list[str]
) -> None:
    assert await list_paths(browser, "/tampers") == tampers[::-1]
    _, page = await get(browser, "/tampers")
    said = re.findall(r'<a href="/tampers/[0-9]+">([^<]+), <time', page)
    assert said == ["Other site", "My site", "My site", "My site"]
    assert re.findall(r"high, ([a-z]+)<", page) == STATES[::-1]
    assert await list_paths(browser, "/entities/my-site/tamper") == tampers[2::-1]


async def test_filters_choose_and_keep_their_values(
    browser: QuartClient, tampers: list[str]
) -> None:
    for number, state in enumerate(STATES):
        assert await list_paths(browser, f"/tampers?state={state}") == [tampers[number]]
    assert await list_paths(browser, "/tampers?state=&q=OTHER") == [tampers[3]]
    assert await list_paths(browser, "/tampers?state=open&q=other") == []
    _, page = await get(browser, "/tampers?state=open&q=other")
    assert re.findall(r'<option value="([a-z]*)" selected>', page) == ["open"]
    assert 'name="q" type="search" value="other"' in page
    assert "No changes." in page


async def test_pages_keep_the_filters(
    app: Quart, browser: QuartClient, tampers: list[str], site: Entity
) -> None:
    app.config["PER_PAGE"] = 1
    async with app.app_context():
        await add_tamper(site)
    _, page = await get(browser, "/tampers?state=open&q=my")
    assert re.findall(r'href="([^"]*)" aria-label="Page 2"', page) == [
        "/tampers?page=2&amp;state=open&amp;q=my"
    ]
    assert await list_paths(browser, "/tampers?page=2&state=open&q=my") == [tampers[0]]


async def test_list_says_that_there_are_none_and_is_found_beside_the_bugs(
    browser: QuartClient,
) -> None:
    status, page = await get(browser, "/tampers")
    assert (status, "No changes." in page, "cards" in page) == (200, True, False)
    assert re.search(r'<a href="/bugs">Bugs</a>\s+<a href="/tampers">Changes</a>', page)


@pytest.mark.parametrize("query", ["state=gone", "page=9", "page=x"])
async def test_list_that_cannot_be_is_not_found(browser: QuartClient, query: str) -> None:
    assert (await get(browser, f"/tampers?{query}"))[0] == 404


@pytest.mark.parametrize("count", [1, 5])
async def test_list_costs_three_statements_however_many_changes(
    app: Quart, browser: QuartClient, site: Entity, count: int
) -> None:
    async with app.app_context():
        for _ in range(count):
            await add_tamper(site)
        engine = db.engine
    with queries(engine) as sent:
        await browser.get("/tampers")
    assert len([one for one in sent if one.startswith("SELECT")]) == 3  # the user, count, rows
