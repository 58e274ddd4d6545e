import re

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import func, select, update

from quartapp.extensions import db
from quartapp.models import ApiToken, Role, User, UserSession
from quartapp.models.session import FRESH
from quartapp.security import make_box
from quartapp.services.people import get_user_by_name
from quartapp.services.session import open_session
from tests.api.helpers import Api
from tests.helpers import add_factor, add_person, make_bearer, queries, sign_in
from tests.services.events import Event, list_events, list_mails
from tests.web.test_account import post, read

HERE = "<local>"
PAGES = [
    "users",
    "users/1",
    "invitations",
    "invitations/new",
    "sessions",
    "tokens",
    "outbox",
    "audit",
    "settings",
    "system",
    "visits",
]
BUTTONS = [
    "users/1/role",
    "users/1/disable",
    "users/1/enable",
    "users/1/second-factor/remove",
    "users/1/sessions/remove",
    "sessions/1/remove",
    "tokens/1/remove",
    "passkeys/1/remove",
    "invitations/1/remove",
    "outbox/1/retry",
    "outbox/1/cancel",
]


async def find_ann() -> tuple[str, bool, int, int]:
    """Return her role, whether she is active, and how many sessions and tokens she has."""
    async with db.read() as session:
        ann = await get_user_by_name(session, "ann")
        counts = [
            await session.scalar(select(func.count(kind.id)).where(kind.user_id == ann.id)) or 0
            for kind in (UserSession, ApiToken)
        ]
    return ann.role, ann.is_active, counts[0], counts[1]


@pytest.mark.parametrize("page", PAGES)
async def test_page_is_for_administrators(
    app: Quart, client: QuartClient, ann: User, page: str
) -> None:
    assert (await read(client, f"/admin/{page}"))[0] == 303
    await sign_in(client, "ann")
    assert (await read(client, f"/admin/{page}"))[0] == 403
    assert "/admin/" not in (await read(client, "/account/"))[1]


@pytest.mark.parametrize("button", BUTTONS)
async def test_button_is_for_administrators_and_needs_its_token(
    app: Quart, browser: QuartClient, ann: User, button: str
) -> None:
    client = await sign_in(app.test_client(), "ann")
    assert (await post(client, f"/admin/{button}", "/account/sessions"))[0] == 403
    if not button.endswith("/role"):
        assert (await browser.post(f"/admin/{button}")).status_code == 403


async def test_people_are_listed_and_found(browser: QuartClient, ann: User) -> None:
    _, home = await read(browser, "/account/")
    assert '<a href="/admin/users">Administration</a>' in home
    _, page = await read(browser, "/admin/users")
    assert re.findall(r'/admin/users/\d+">(.*)</a>', page) == ["admin", "ann"]
    _, page = await read(browser, "/admin/users?q=NN")
    assert re.findall(r'/admin/users/\d+">(.*)</a>', page) == ["ann"]
    assert "1 account matches\n      “NN”" in page
    assert (await read(browser, "/admin/users?page=9"))[0] == 404


@pytest.mark.parametrize("count", [1, 3])
async def test_list_costs_the_same_however_many_there_are(
    app: Quart, browser: QuartClient, count: int
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            for number in range(count):
                await add_person(session, f"user {number}")
        with queries(db.engine) as sent:
            await browser.get("/admin/users")
    assert len([statement for statement in sent if "BEGIN" not in statement]) == 3


async def test_role_is_changed_and_every_browser_signed_out(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    hers = await sign_in(app.test_client(), "ann")
    page = f"/admin/users/{ann.id}"
    assert (await post(browser, f"{page}/role", page, role="admin"))[0] == 303

    assert (await hers.get("/account/")).status_code == 303
    assert "The role of ann is admin." in (await read(browser, page))[1]
    async with app.app_context():
        assert await find_ann() == ("admin", True, 0, 0)
        last = (await list_events())[-1]
    assert last == Event("admin", "role-changed", "ann", "editor to admin", HERE)


@pytest.mark.parametrize(("form", "status"), [({"role": "king"}, 422), ({"csrf_token": "x"}, 403)])
async def test_wrong_role_changes_nothing(
    app: Quart, browser: QuartClient, ann: User, form: dict[str, str], status: int
) -> None:
    page = f"/admin/users/{ann.id}"
    assert (await post(browser, f"{page}/role", page, **{"role": "admin", **form}))[0] == status
    async with app.app_context():
        assert await find_ann() == ("editor", True, 0, 0)


async def test_who_is_disabled_is_out_until_enabled(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    hers = await sign_in(app.test_client(), "ann")
    async with app.app_context(), db.begin() as session:
        caller = Api(app, await make_bearer(session, ann))
    page = f"/admin/users/{ann.id}"

    assert (await post(browser, f"{page}/disable", page))[0] == 303
    assert (await hers.get("/account/")).status_code == 303
    assert (await caller("GET", "/tokens"))[0] == 401
    assert "no, disabled" in (await read(browser, page))[1]
    async with app.app_context():
        assert await find_ann() == ("editor", False, 0, 1)

    assert (await post(browser, f"{page}/enable", page))[0] == 303
    assert (await caller("GET", "/tokens"))[0] == 200


@pytest.mark.parametrize(("button", "form"), [("role", {"role": "viewer"}), ("disable", {})])
async def test_last_administrator_is_told_so(
    browser: QuartClient, admin: User, button: str, form: dict[str, str]
) -> None:
    page = f"/admin/users/{admin.id}"
    status, answer = await post(browser, f"{page}/{button}", page, **form)
    assert (status, "This is the last administrator" in answer) == (409, True)
    assert (await browser.get(page)).status_code == 200


async def test_lost_second_factor_is_removed_and_the_person_told(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    hers = await sign_in(app.test_client(), "ann")
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).where(User.id == ann.id).values(email="a@example.org"))
        await add_factor(session, ann, make_box([app.config["SECRET_KEY"]]))
    page = f"/admin/users/{ann.id}"
    assert "Remove the second factor" in (await read(browser, page))[1]

    assert (await post(browser, f"{page}/second-factor/remove", page))[0] == 303

    assert (await hers.get("/account/")).status_code == 303
    shown = (await read(browser, page))[1]
    assert "ann chooses a new password by the link in the mail." in shown
    assert "Remove the second factor" not in shown
    async with app.app_context():
        assert (await list_events())[-2] == Event("admin", "second-factor-off", "ann", "", HERE)
        assert await list_mails() == [("a@example.org", "Your second factor was removed")]


async def test_link_is_shown_for_who_has_no_address(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    async with app.app_context(), db.begin() as session:
        await add_factor(session, ann, make_box([app.config["SECRET_KEY"]]))
    page = f"/admin/users/{ann.id}"
    status, answer = await post(browser, f"{page}/second-factor/remove", page)
    assert (status, "/auth/reset?token=" in answer) == (200, True)
    async with app.app_context():
        assert await list_mails() == []


async def test_second_factor_that_is_not_on_is_not_removed(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    page = f"/admin/users/{ann.id}"
    status, answer = await post(browser, f"{page}/second-factor/remove", page)
    assert (status, "ann has no second factor." in answer) == (404, True)
    async with app.app_context():
        assert await list_mails() == []


async def test_browsers_of_another_are_signed_out(
    app: Quart, browser: QuartClient, ann: User
) -> None:
    page = f"/admin/users/{ann.id}"
    async with app.app_context(), db.begin() as session:
        for name in ("Lynx", "Links", "w3m"):
            await open_session(session, ann, browser=name)
    _, shown = await read(browser, page)
    first = min(re.findall(r"/admin/sessions/(\d+)/remove", shown), key=int)

    assert (await post(browser, f"/admin/sessions/{first}/remove", page))[0] == 303
    shown = (await read(browser, page))[1]
    assert [name in shown for name in ("Lynx", "Links", "w3m")] == [False, True, True]
    assert (await post(browser, f"{page}/sessions/remove", page))[0] == 303
    async with app.app_context():
        assert await find_ann() == ("editor", True, 0, 0)
        assert (await list_events())[-2:] == [
            Event("admin", "session-ended", "ann", "Lynx", HERE),
            Event("admin", "sessions-ended", "ann", "", HERE),
        ]


async def test_token_of_another_is_revoked(app: Quart, browser: QuartClient, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        caller = Api(app, await make_bearer(session, ann))
    page = f"/admin/users/{ann.id}"
    (path,) = re.findall(r"/admin/tokens/\d+/remove", (await read(browser, page))[1])

    assert (await post(browser, path, page))[0] == 303
    assert (await caller("GET", "/tokens"))[0] == 401


async def test_changing_rights_asks_for_the_password_after_a_while(
    app: Quart, browser: QuartClient, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quartapp.models.session.FRESH", FRESH * 0)
    page = f"/admin/users/{ann.id}"
    for button in ("role", "disable", "enable", "second-factor/remove"):
        form = {"role": Role.ADMIN}
        assert (await post(browser, f"{page}/{button}", page, **form))[0] == 303
    assert (await read(browser, "/admin/invitations/new"))[0] == 303
    async with app.app_context():
        assert await find_ann() == ("editor", True, 0, 0)


async def test_who_is_not_there_is_not_found(browser: QuartClient, admin: User) -> None:
    assert (await read(browser, f"/admin/users/{admin.id + 99}"))[0] == 404
