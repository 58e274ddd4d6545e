import re

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import State, User
from tests.api.helpers import add_site, set_state
from tests.helpers import queries
from tests.web.bugs import get


async def test_listing_is_paged_and_searched(app: Quart, browser: QuartClient, admin: User) -> None:
    for number in range(21):
        await add_site(app, admin, f"Site {number:02}")
    first = (await get(browser, "/entities/"))[1]
    assert ("Site 19" in first, "Site 20" in first) == (True, False)
    second = (await get(browser, "/entities/?page=2"))[1]
    assert ("Site 20" in second, 'aria-current="page">2<' in second) == (True, True)
    found = (await get(browser, "/entities/?q=SITE+07"))[1]
    assert ("1 site matches" in found, "Site 07" in found) == (True, True)
    assert "No sites match" in (await get(browser, "/entities/?q=100%25"))[1]


async def test_sites_say_where_they_stand_and_are_listed_by_that(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    for name in ("Old", "Other", "Fresh"):
        await add_site(app, admin, name)
    await set_state(app, "Old", State.DOWN)
    await set_state(app, "Other", State.UP)
    found = {
        "": ["new", "down", "up"],
        "state=down": ["down"],
        "state=up&state=new": ["new", "up"],
        "state=": ["new", "down", "up"],
        "state=up&q=o": ["up"],
        "state=paused": [],
    }
    for query, states in found.items():
        _, page = await get(browser, f"/entities/?{query}")
        assert re.findall(r'class="state [a-z]+">([a-z]+)</strong>', page) == states, query


async def test_filter_keeps_its_values_and_stays_on_the_other_pages(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    app.config["PER_PAGE"] = 1
    for name in ("One", "Two"):
        await add_site(app, admin, name)
    _, page = await get(browser, "/entities/?state=new&state=down&q=o")

    checked = re.findall(
        r'<input id="state-([a-z]+)" name="state" type="checkbox"[^>]* checked>', page
    )
    assert checked == ["new", "down"]
    assert re.findall(r'href="([^"]*)" aria-label="Page 2"', page) == [
        "/entities/?page=2&amp;q=o&amp;state=new&amp;state=down"
    ]
    assert "2 sites match “o”." in page
    _, page = await get(browser, "/entities/?state=down")
    assert "No sites match." in page


async def test_state_that_cannot_be_is_not_found(browser: QuartClient) -> None:
    for query in ("state=gone", "state=up&state=UP"):
        assert (await get(browser, f"/entities/?{query}"))[0] == 404


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "", "1e3", "%D9%A3", "9" * 30])
async def test_page_that_cannot_be_is_not_found(browser: QuartClient, number: str) -> None:
    assert (await get(browser, f"/entities/?page={number}"))[0] == 404


@pytest.mark.parametrize("count", [1, 3])
async def test_index_costs_three_statements_however_many_rows(
    app: Quart, browser: QuartClient, admin: User, count: int
) -> None:
    for number in range(count):
        await add_site(app, admin, f"Site {number}")
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        await browser.get("/entities/?state=new&state=up")
    # The user, the count, the rows with their states.
    assert len([one for one in sent if one.startswith("SELECT")]) == 3
