"""The board of bugs, and the form below their list, without scripts."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity, Role, User, utcnow
from quartapp.models.rules import Severity
from quartapp.models.tally import FindingState
from tests.api.helpers import add_site
from tests.helpers import add_person, queries, sign_in
from tests.web.bugs import get, load, report, send


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


async def read_board(client: QuartClient, query: str = "") -> dict[str, list[str]]:
    """Return the titles in each column that has any."""
    status, page = await get(client, f"/bugs/board{query}")
    assert status == 200, page
    columns = re.split(r'data-state="', page)[1:]
    cards = {one.partition('"')[0]: re.findall(r'data-title="(.*?)"', one) for one in columns}
    assert len(cards) == 5
    return {state: titles for state, titles in cards.items() if titles}


async def test_board_is_filtered_and_sorted(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    other = await add_site(app, admin, "Other")
    yesterday = utcnow().date() - timedelta(days=1)
    await report(app, site, admin, "Late", due_on=yesterday)
    await report(app, site, admin, "Mine", assignee=admin)
    await report(app, other, admin, "Grave", severity=Severity.CRITICAL, state=FindingState.FIXED)

    assert {
        query: await read_board(browser, query)
        for query in ("", "?severity=critical", "?q=my", "?mine=1", "?overdue=1", "?sort=due")
    } == {
        "": {"confirmed": ["Mine", "Late"], "fixed": ["Grave"]},
        "?severity=critical": {"fixed": ["Grave"]},
        "?q=my": {"confirmed": ["Mine", "Late"]},
        "?mine=1": {"confirmed": ["Mine"]},
        "?overdue=1": {"confirmed": ["Late"]},
        "?sort=due": {"confirmed": ["Late", "Mine"], "fixed": ["Grave"]},
    }
    assert await read_board(browser, f"?assignee={admin.id}") == {"confirmed": ["Mine"]}
    assert await read_board(browser, f"?assignee={admin.id + 1}") == {}
    assert (await get(browser, "/bugs/board?sort=weather"))[0] == 404


async def test_card_is_moved_and_taken_by_its_buttons(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    (bug_id,) = await report(app, site, admin, "Weak")
    path, board = f"/bugs/{bug_id}/move", "/bugs/board?severity=low"
    status, location, _ = await send(browser, f"{path}?severity=low", board, state="fixed")
    assert (status, location) == (303, board)
    assert await read_board(browser) == {"fixed": ["Weak"]}

    await send(browser, path, board, assignee_id=str(admin.id), state="open")
    (bug,) = await load(app)
    assert (bug.state, bug.assignee_id) == ("open", admin.id)
    await send(browser, path, board, assignee_id="nobody")
    (bug,) = await load(app)
    assert (bug.state, bug.assignee_id) == ("open", None)


@pytest.mark.parametrize("form", [{"state": "gone"}, {"assignee_id": "x"}], ids=["state", "who"])
async def test_move_to_nowhere_is_refused(
    app: Quart, browser: QuartClient, admin: User, site: Entity, form: dict[str, str]
) -> None:
    (bug_id,) = await report(app, site, admin, "Weak")
    assert (await send(browser, f"/bugs/{bug_id}/move", "/bugs/board", **form))[0] == 400


async def test_move_without_a_token_changes_nothing(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    (bug_id,) = await report(app, site, admin, "Weak")
    for path in (f"/bugs/{bug_id}/move", "/bugs/bulk"):
        form = {"state": "fixed", "bug": str(bug_id)}
        assert (await browser.post(path, form=form)).status_code == 403
    assert await read_board(browser) == {"confirmed": ["Weak"]}


async def test_viewers_see_the_board_and_no_buttons(app: Quart, admin: User, site: Entity) -> None:
    await report(app, site, admin, "Weak")
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann", role=Role.VIEWER)
    viewer = await sign_in(app.test_client(), "ann")
    assert await read_board(viewer) == {"confirmed": ["Weak"]}
    for path in ("/bugs/board", "/bugs"):
        page = (await get(viewer, path))[1]
        assert ("/move" in page, "/bulk" in page, "As it is" in page) == (False, False, False)


@pytest.mark.parametrize("count", [1, 5])
async def test_board_costs_four_statements(
    app: Quart, browser: QuartClient, admin: User, site: Entity, count: int
) -> None:
    await report(app, site, admin, *(f"Bug {number}" for number in range(count)), assignee=admin)
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        await browser.get("/bugs/board")
    # The user, the bugs, their counts; whom bugs may be given to.
    assert len([one for one in sent if one.startswith("SELECT")]) == 4


async def change(client: QuartClient, *ids: int, **form: str) -> tuple[int, str, str]:
    token = re.findall(r'name="csrf_token" value="(.*?)"', (await get(client, "/bugs"))[1])[-1]
    sent = urlencode({"csrf_token": token, **form, "bug": ids}, doseq=True)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await client.post("/bugs/bulk?severity=low", data=sent, headers=headers)
    body = await response.get_data(as_text=True)
    return response.status_code, response.headers.get("Location", ""), body


async def test_chosen_bugs_are_changed_at_once(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    ids = await report(app, site, admin, "One", "Two", "Three")
    done = await change(browser, *ids[:2], state="open", assignee_id=str(admin.id))
    assert done[:2] == (303, "/bugs?severity=low")
    page = (await get(browser, "/entities/my-site/bugs"))[1]
    assert "2 bugs were changed." in page
    assert '<input type="hidden" name="slug" value="my-site">' in page
    of_site = await change(browser, ids[2], state="confirmed", slug="my-site")
    assert of_site[:2] == (303, "/entities/my-site/bugs?severity=low")
    assert {bug.title: (bug.state, bug.assignee_id) for bug in await load(app)} == {
        "One": ("open", admin.id),
        "Two": ("open", admin.id),
        "Three": ("confirmed", None),
    }


async def test_bulk_change_is_refused_whole(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    (bug_id,) = await report(app, site, admin, "One")
    answers = [
        (await change(browser, state="open"), 422, "Choose 1 to 100 bugs."),
        (await change(browser, bug_id), 422, "Say what is to be changed."),
        (await change(browser, bug_id, bug_id + 9, state="open"), 404, "There is no bug"),
        (await change(browser, bug_id, state="open", assignee_id="99"), 422, "no user 99"),
    ]
    for (status, _, page), expected, words in answers:
        assert (status, words in page) == (expected, True)
    assert [bug.state for bug in await load(app)] == ["confirmed"]
