import re

from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.session import open_session
from tests.helpers import queries
from tests.services.events import Event, list_events
from tests.web.test_account import post, read

ROW = (
    r'<a href="/admin/users/\d+">(.*)</a>\s*<span class="hint">(.*)</span>'
    r'\s*<span class="hint">from (\S+),'
)


async def open_browsers(app: Quart, user: User, *names: str) -> None:
    async with app.app_context(), db.begin() as session:
        for name in names:
            await open_session(session, user, browser=name, address="192.0.2.1")


async def test_browsers_of_everybody_are_listed_and_found_by_person(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    await open_browsers(app, ann, "Lynx <b>", "w3m")
    hers = [("ann", "w3m", "192.0.2.1"), ("ann", "Lynx &lt;b&gt;", "192.0.2.1")]

    rows = re.findall(ROW, (await read(browser, "/admin/sessions"))[1])
    assert [row for row in rows if row[0] == "ann"] == hers
    assert [row[0] for row in rows if row[0] != "ann"] == ["admin"]
    assert re.findall(ROW, (await read(browser, "/admin/sessions?q=NN"))[1]) == hers
    assert "No browser is signed in." in (await read(browser, "/admin/sessions?q=zoe"))[1]


async def test_one_browser_is_signed_out_from_the_list(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    await open_browsers(app, ann, "Lynx", "w3m")
    _, page = await read(browser, "/admin/sessions?q=ann")
    newest = re.findall(r"/admin/sessions/\d+/remove", page)[0]

    assert (await post(browser, newest, "/admin/sessions"))[0] == 303
    _, page = await read(browser, "/admin/sessions?q=ann")
    assert ("Lynx" in page, "w3m" in page) == (True, False)
    async with app.app_context():
        last = (await list_events())[-1]
    assert last == Event("admin", "session-ended", "ann", "w3m", "<local>")


async def test_all_browsers_of_a_person_are_signed_out_from_the_list(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    await open_browsers(app, ann, "Lynx", "w3m")
    address = f"/admin/users/{ann.id}/sessions/remove"
    assert (await read(browser, "/admin/sessions?q=ann"))[1].count(address) == 2

    assert (await post(browser, address, "/admin/sessions"))[0] == 303
    rows = re.findall(ROW, (await read(browser, "/admin/sessions"))[1])
    assert [row[0] for row in rows] == ["admin"]


async def test_list_of_browsers_has_pages_that_keep_the_person_and_costs_the_same(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    await open_browsers(app, ann, *(f"browser {number}" for number in range(21)))
    async with app.app_context():
        with queries(db.engine) as sent:
            _, page = await read(browser, "/admin/sessions?q=ann")
    assert len([statement for statement in sent if "BEGIN" not in statement]) == 3
    assert page.count('<span class="hint">browser ') == 20
    assert 'rel="next" href="/admin/sessions?page=2&amp;q=ann"' in page
