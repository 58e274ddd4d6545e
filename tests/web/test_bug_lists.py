from datetime import timedelta

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity, User, utcnow
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from tests.api.helpers import add_site
from tests.helpers import queries
from tests.web.bugs import RULE, find_by_rule, get, list_titles, report


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def test_bugs_of_all_sites_are_listed_the_worst_first(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    other = await add_site(app, admin, "Other site")
    await report(app, site, admin, "Small")
    await report(app, other, admin, "Grave", severity=Severity.CRITICAL)

    assert await list_titles(browser, "/bugs", "Small", "Grave") == ["Grave", "Small"]
    assert await list_titles(browser, "/entities/my-site/bugs", "Small", "Grave") == ["Small"]
    assert await list_titles(browser, "/bugs?q=other", "Small", "Grave") == ["Grave"]


async def test_list_says_that_there_are_none(browser: QuartClient, site: Entity) -> None:
    for path in ("/bugs", "/entities/my-site/bugs"):
        status, page = await get(browser, path)
        assert (status, "No bugs." in page, "<table>" in page) == (200, True, False)


async def test_filters_choose_and_stay_in_the_address(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    yesterday = utcnow().date() - timedelta(days=1)
    await report(app, site, admin, "Waiting")
    await report(app, site, admin, "Done", state=FindingState.FIXED)
    await report(app, site, admin, "Grave", severity=Severity.CRITICAL, assignee=admin)
    await report(app, site, admin, "Late", due_on=yesterday)
    titles = ("Waiting", "Done", "Grave", "Late", RULE.title)
    await find_by_rule(app, site)
    found = {
        query: set(await list_titles(browser, f"/bugs?{query}", *titles))
        for query in ("", "state=any", "state=fixed", "severity=critical", "mine=1", "overdue=1")
    }

    assert found == {
        "": {"Waiting", "Grave", "Late", RULE.title},
        "state=any": set(titles),
        "state=fixed": {"Done"},
        "severity=critical": {"Grave"},
        "mine=1": {"Grave"},
        "overdue=1": {"Late"},
    }
    assert await list_titles(browser, f"/bugs?rule={RULE.id}", *titles) == [RULE.title]


async def test_pages_keep_the_filters(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    app.config["PER_PAGE"] = 2
    await report(app, site, admin, "One", "Two", "Three", assignee=admin)
    query = "severity=low&amp;q=my&amp;mine=1"

    _, page = await get(browser, "/bugs?severity=low&mine=1&q=my")
    assert f'<a href="/bugs?page=2&amp;{query}" aria-label="Page 2">2</a>' in page
    path = "/bugs?page=2&severity=low&mine=1&q=my"
    assert await list_titles(browser, path, "One", "Two", "Three") == ["One"]
    _, page = await get(browser, "/entities/my-site/bugs?severity=low")
    assert 'href="/entities/my-site/bugs?page=2&amp;severity=low"' in page


@pytest.mark.parametrize(
    "query", ["state=gone", "severity=worst", "sort=x", "assignee=x", "page=9", "page=x"]
)
async def test_list_that_cannot_be_is_not_found(browser: QuartClient, query: str) -> None:
    assert (await get(browser, f"/bugs?{query}"))[0] == 404


@pytest.mark.parametrize("count", [1, 5])
async def test_list_costs_four_statements_however_many_bugs(
    app: Quart, browser: QuartClient, admin: User, site: Entity, count: int
) -> None:
    await report(app, site, admin, *(f"Bug {number}" for number in range(count)), assignee=admin)
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        await browser.get("/bugs")
    # The user, count, rows; whom bugs may be given to.
    assert len([one for one in sent if one.startswith("SELECT")]) == 4


async def test_list_is_in_the_order_that_is_asked_for(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    today = utcnow().date()
    await report(app, site, admin, "Late", due_on=today + timedelta(days=9))
    await report(app, site, admin, "Soon", due_on=today)
    await report(app, site, admin, "Grave", severity=Severity.CRITICAL)
    titles = ("Late", "Soon", "Grave")
    found = {
        order: await list_titles(browser, f"/bugs?sort={order}", *titles)
        for order in ("worst", "newest", "oldest", "due")
    }

    assert found == {
        "worst": ["Grave", "Soon", "Late"],
        "newest": ["Grave", "Soon", "Late"],
        "oldest": ["Late", "Soon", "Grave"],
        "due": ["Soon", "Late", "Grave"],
    }


async def test_what_is_due_is_overdue_the_day_after(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    today = utcnow().date()
    for days, is_overdue in ((1, False), (-1, True)):
        (bug_id,) = await report(app, site, admin, "x", due_on=today + timedelta(days=days))
        _, page = await get(browser, f"/bugs/{bug_id}")
        assert ('<strong class="overdue">overdue</strong>' in page) is is_overdue
    assert (await get(browser, "/bugs"))[1].count('class="overdue"') == 1
