from datetime import date

import pytest
from markupsafe import escape
from quart import Quart
from quart.testing import QuartClient

from quartapp.extensions import db
from quartapp.models import Entity, Role, User, utcnow
from quartapp.models.rules import RULES
from quartapp.services.bug import (
    get_bug,
)
from tests.api.helpers import add_site
from tests.helpers import add_person, queries, sign_in
from tests.web.bugs import RULE, find_by_rule, get, load, load_history, report, send

REPORT = {"title": " Open list ", "severity": "high", "body": "See /backup."}


@pytest.fixture
async def site(app: Quart, admin: User) -> Entity:
    return await add_site(app, admin)


# --- one bug


async def test_page_of_a_bug_explains_it_and_how_it_is_mended(
    app: Quart, browser: QuartClient, site: Entity
) -> None:
    bug_id = await find_by_rule(app, site)
    status, page = await get(browser, f"/bugs/{bug_id}")

    assert status == 200
    for text in (RULE.title, "/a", "It is missing.", "A look", f"/bugs/rules#{RULE.id}"):
        assert text in page
    for text in (RULE.explanation, RULE.remedy):
        for part in text.split("`"):
            assert escape(part) in page


@pytest.mark.parametrize("count", [1, 5])
async def test_page_of_a_bug_costs_five_statements_however_long_its_history(
    app: Quart, browser: QuartClient, admin: User, site: Entity, count: int
) -> None:
    (bug_id,) = await report(app, site, admin, "x")
    for number in range(count):
        await send(browser, f"/bugs/{bug_id}/comments", f"/bugs/{bug_id}", body=f"{number}")
    async with app.app_context():
        engine = db.engine
    with queries(engine) as sent:
        await browser.get(f"/bugs/{bug_id}")
    # the user, the bug, who may be given it, count, rows
    assert len([one for one in sent if one.startswith("SELECT")]) == 5


async def test_bug_is_settled_by_its_form(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    (bug_id,) = await report(app, site, admin, "x")
    path = f"/bugs/{bug_id}"
    form = {"state": "fixed", "severity": "high", "assignee_id": str(admin.id)}
    sent = await send(browser, path, **form, due_on="2027-01-31")
    (bug,) = await load(app)
    _, page = await get(browser, path)

    assert sent[:2] == (303, path)
    assert (bug.state, bug.severity, bug.due_on) == ("fixed", "high", date(2027, 1, 31))
    assert (bug.assignee_id, bug.closed_at is not None) == (admin.id, True)
    for text in ("The bug was changed.", "State: Fixed", "Looked after by admin"):
        assert text in page
    assert "Due on 2027-01-31" in page

    assert (await send(browser, path, **form | {"assignee_id": "", "due_on": ""}))[0] == 303
    (bug,) = await load(app)
    assert (bug.assignee_id, bug.due_on) == (None, None)
    assert (await load_history(app, bug))[-2:] == [("assignee", ""), ("due", "")]


async def test_what_is_not_changed_is_no_line_of_the_history(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    (bug_id,) = await report(app, site, admin, "x")
    form = {"state": "confirmed", "severity": "low", "assignee_id": "", "due_on": ""}
    assert (await send(browser, f"/bugs/{bug_id}", **form))[0] == 303
    (bug,) = await load(app)
    assert await load_history(app, bug) == []


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("state", "gone", "Not a valid choice."),
        ("severity", "worst", "Not a valid choice."),
        ("assignee_id", "1000000", "Not a valid choice."),
        ("assignee_id", "me", "Invalid Choice: could not coerce."),
        ("due_on", "soon", "Not a valid date value."),
    ],
)
async def test_wrong_field_is_told_beside_it(
    app: Quart,
    browser: QuartClient,
    admin: User,
    site: Entity,
    field: str,
    value: str,
    message: str,
) -> None:
    (bug_id,) = await report(app, site, admin, "x")
    form = {"state": "fixed", "severity": "high", "assignee_id": "", "due_on": ""}
    status, _, page = await send(browser, f"/bugs/{bug_id}", **form | {field: value})
    (bug,) = await load(app)

    assert status == 422
    errors = page.partition(f'<ul class="errors" id="{field}-errors">')[2].partition("</ul>")[0]
    assert message in errors
    assert "<title>Error: " in page
    assert bug.state == "confirmed"


async def test_viewer_is_not_offered_and_who_has_left_stays_until_another_is_chosen(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    async with app.app_context(), db.begin() as session:
        bob = await add_person(session, "bob")
        await add_person(session, "eve", role=Role.VIEWER)
    (bug_id,) = await report(app, site, admin, "x", assignee=bob)
    async with app.app_context(), db.begin() as session:
        (await session.get_one(User, bob.id)).disabled_at = utcnow()

    _, page = await get(browser, f"/bugs/{bug_id}")
    assert f'<option selected value="{bob.id}">bob</option>' in page
    assert ">eve</option>" not in page
    form = {"state": "open", "severity": "low", "assignee_id": str(bob.id)}
    assert (await send(browser, f"/bugs/{bug_id}", **form))[0] == 303
    (bug,) = await load(app)
    assert (bug.state, bug.assignee_id) == ("open", bob.id)


async def test_comment_is_added_and_shown_on_the_last_page(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    app.config["PER_PAGE"] = 2
    (bug_id,) = await report(app, site, admin, "x")
    path = f"/bugs/{bug_id}"
    for text, location in (("One.", path), ("Two.", path), ("<Three>", f"{path}?page=2")):
        sent = await send(browser, f"{path}/comments", path, body=text)
        assert sent[:2] == (303, location)
    _, page = await get(browser, f"{path}?page=2")
    assert "&lt;Three&gt;" in page
    assert "One." not in page


async def test_empty_comment_is_told_beside_its_field_and_the_other_form_is_filled(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    (bug_id,) = await report(app, site, admin, "x")
    path = f"/bugs/{bug_id}"
    status, _, page = await send(browser, f"{path}/comments", path, body=" ")

    assert (status, page.count("This field is required.")) == (422, 1)
    assert '<option selected value="confirmed">' in page


# --- reports


async def test_bug_is_reported_by_hand(app: Quart, browser: QuartClient, site: Entity) -> None:
    sent = await send(browser, "/entities/my-site/bugs/new", **REPORT)
    (bug,) = await load(app)

    assert sent[:2] == (303, f"/bugs/{bug.id}")
    assert (bug.title, bug.severity, bug.body) == ("Open list", "high", "See /backup.")
    assert (bug.state, bug.rule, bug.reporter and bug.reporter.name) == ("confirmed", None, "admin")
    _, page = await get(browser, f"/bugs/{bug.id}")
    for text in ("The bug was reported.", "See /backup.", "by admin"):
        assert text in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title", " ", "This field is required."),
        ("title", "x" * 201, "Field must be between 1 and 200 characters long."),
        ("severity", "worst", "Not a valid choice."),
        ("body", "x" * 10_001, "Field cannot be longer than 10000 characters."),
    ],
)
async def test_wrong_report_is_told_beside_its_field(
    app: Quart, browser: QuartClient, site: Entity, field: str, value: str, message: str
) -> None:
    status, _, page = await send(browser, "/entities/my-site/bugs/new", **REPORT | {field: value})
    errors = page.partition(f'<ul class="errors" id="{field}-errors">')[2].partition("</ul>")[0]
    assert (status, message in errors, await load(app)) == (422, True, [])


async def test_viewer_reads_and_may_do_nothing(app: Quart, admin: User, site: Entity) -> None:
    (bug_id,) = await report(app, site, admin, "Weak")
    async with app.app_context(), db.begin() as session:
        await add_person(session, "eve", role=Role.VIEWER)
    eve = await sign_in(app.test_client(), "eve")

    for path in ("/bugs", "/bugs/rules", f"/bugs/{bug_id}", "/entities/my-site/bugs"):
        status, page = await get(eve, path)
        assert (status, page.count('method="post"')) == (200, 1), path  # to sign out
        assert "Report a bug" not in page
    assert (await get(eve, "/entities/my-site/bugs/new"))[0] == 403
    form = {"state": "fixed", "severity": "low", "body": "x", "title": "x"}
    for path in (f"/bugs/{bug_id}", f"/bugs/{bug_id}/comments", "/entities/my-site/bugs/new"):
        assert (await send(eve, path, "/bugs", **form))[0] == 403, path
    async with app.app_context(), db.read() as session:
        assert (await get_bug(session, bug_id, seen_by=admin)).state == "confirmed"


async def test_forms_without_their_token_do_nothing(
    app: Quart, browser: QuartClient, admin: User, site: Entity
) -> None:
    (bug_id,) = await report(app, site, admin, "x")
    form = {"state": "fixed", "severity": "low", **REPORT}
    for path in (f"/bugs/{bug_id}", f"/bugs/{bug_id}/comments", "/entities/my-site/bugs/new"):
        assert (await browser.post(path, form=form)).status_code == 403, path
    (bug,) = await load(app)
    assert (bug.state, await load_history(app, bug)) == ("confirmed", [])


# --- rules, and ways to all this


async def test_every_rule_is_explained_with_its_remedy(browser: QuartClient) -> None:
    status, page = await get(browser, "/bugs/rules")
    assert status == 200
    for rule in RULES.values():
        assert f'<h2 id="{rule.id}">' in page
        assert f'href="/bugs?rule={rule.id}"' in page
    assert page.count("Remedy:") == len(RULES)


async def test_ways_lead_to_the_bugs(browser: QuartClient, site: Entity) -> None:
    _, page = await get(browser, "/entities/my-site")
    assert '<a href="/bugs">Bugs</a>' in page
    assert '<a href="/entities/my-site/bugs">Bugs</a>' in page
