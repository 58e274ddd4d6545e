"""The API's users: oneself, and others for administrators."""

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import User
from quartapp.models.session import FRESH
from quartapp.security import make_box
from quartapp.services.session import open_session
from tests.api.helpers import Api
from tests.helpers import add_factor, read_token
from tests.services.events import list_events, list_mails

PATCH = {"role": "viewer", "is_active": False}
FOR_ADMINS = [
    ("GET", "/users", None),
    ("GET", "/users/1", None),
    ("PATCH", "/users/1", PATCH),
    ("GET", "/users/1/sessions", None),
    ("DELETE", "/users/1/sessions", None),
    ("DELETE", "/users/1/second-factor", None),
    ("GET", "/invitations", None),
    ("POST", "/invitations", {"email": "a@example.org"}),
    ("GET", "/invitations/1", None),
    ("DELETE", "/invitations/1", None),
    ("GET", "/audit", None),
]


@pytest.mark.parametrize(("method", "path", "json"), FOR_ADMINS)
async def test_request_is_for_administrators_with_a_token_for_it(
    api: Api, hers: Api, stranger: Api, method: str, path: str, json: object
) -> None:
    answers = [await caller(method, path, json=json) for caller in (stranger, hers, api)]
    assert [(status, body["detail"]) for status, body in answers] == [
        (401, "Sign in to see this."),
        (403, "Only administrators may do this."),
        (403, "This needs a token with the scope admin."),
    ]


async def test_people_see_and_rename_themselves(hers: Api, ann: User, admin: User) -> None:
    status, me = await hers("GET", "/users/me")
    assert (status, me) == (
        200,
        {
            "id": ann.id,
            "name": "ann",
            "email": None,
            "role": "editor",
            "is_active": True,
            "created_at": me["created_at"],
        },
    )
    assert await hers("PATCH", "/users/me", json={"name": "Anna"}) == (200, {**me, "name": "Anna"})
    assert await hers("PATCH", "/users/me", json={}) == (200, {**me, "name": "Anna"})
    status, problem = await hers("PATCH", "/users/me", json={"name": "ADMIN"})
    assert (status, problem["errors"][0]["loc"]) == (409, ["name"])
    assert await hers("GET", "/users/me") == (200, {**me, "name": "Anna"})


@pytest.mark.parametrize("sent", [{"role": "admin"}, {"name": "a@b"}, {"name": ""}, {"name": None}])
async def test_nobody_changes_more_of_themselves(
    hers: Api, ann: User, sent: dict[str, object]
) -> None:
    _, me = await hers("GET", "/users/me")
    assert (await hers("PATCH", "/users/me", json=sent))[0] == 422
    assert (await hers("GET", "/users/me"))[1] == me


async def test_people_are_listed_and_found(head: Api, ann: User) -> None:
    for query, names in (("", ["admin", "ann"]), ("?q=NN", ["ann"]), ("?q=%25", [])):
        status, page = await head("GET", f"/users{query}")
        assert (status, [user["name"] for user in page["items"]]) == (200, names)
    assert await head("GET", f"/users/{ann.id}") == (
        200,
        (await head("GET", "/users?q=ann"))[1]["items"][0],
    )
    assert (await head("GET", f"/users/{ann.id + 99}"))[0] == 404


async def test_role_is_changed_and_sessions_end(app: Quart, head: Api, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        await open_session(session, ann)
    status, changed = await head("PATCH", f"/users/{ann.id}", json={"role": "admin"})
    assert (status, changed["role"], changed["is_active"]) == (200, "admin", True)
    assert (await head("GET", f"/users/{ann.id}/sessions"))[1]["items"] == []


async def test_who_is_disabled_is_out_until_enabled(head: Api, hers: Api, ann: User) -> None:
    for is_active, status in ((False, 401), (True, 200)):
        found = await head("PATCH", f"/users/{ann.id}", json={"is_active": is_active})
        assert (found[0], found[1]["is_active"]) == (200, is_active)
        assert (await hers("GET", "/users/me"))[0] == status


@pytest.mark.parametrize("sent", [{"role": "viewer"}, {"is_active": False}])
async def test_last_administrator_stays(head: Api, admin: User, sent: dict[str, object]) -> None:
    status, problem = await head("PATCH", f"/users/{admin.id}", json=sent)
    assert (status, problem["detail"][:31]) == (409, "This is the last administrator;")
    assert (await head("GET", "/users/me"))[1]["role"] == "admin"


async def test_sessions_of_somebody_are_listed_and_ended(app: Quart, head: Api, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        await open_session(session, ann, browser="Lynx")
    path = f"/users/{ann.id}/sessions"
    _, page = await head("GET", path)
    assert [row["browser"] for row in page["items"]] == ["Lynx"]
    assert await head("DELETE", path) == (204, None)
    assert (await head("GET", path))[1]["items"] == []
    async with app.app_context():
        last = (await list_events())[-1]
    assert last == ("admin", "sessions-ended", "ann", "", "<local>")


async def test_lost_second_factor_is_removed_and_the_person_told(
    app: Quart, head: Api, ann: User
) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).where(User.id == ann.id).values(email="a@example.org"))
        await add_factor(session, ann, make_box([app.config["SECRET_KEY"]]))
        await open_session(session, ann)
    path = f"/users/{ann.id}/second-factor"

    assert await head("DELETE", path) == (204, None)
    status, problem = await head("DELETE", path)
    assert (status, problem["detail"]) == (404, "ann has no second factor.")
    assert (await head("GET", f"/users/{ann.id}/sessions"))[1]["items"] == []
    async with app.app_context():
        assert (await list_events())[-2:] == [
            ("admin", "second-factor-off", "ann", "", "<local>"),
            ("admin", "reset-link-made", "ann", "", "<local>"),
        ]
        assert await list_mails() == [("a@example.org", "Your second factor was removed")]


async def test_browser_of_an_administrator_must_have_given_the_password_just_now(
    app: Quart, browser: QuartClient, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await read_token(browser, "/account/password")
    headers = {"X-CSRFToken": token, "Origin": "http://localhost"}
    path = f"/api/v1/users/{ann.id}"
    for fresh, status in ((FRESH, 200), (FRESH * 0, 403)):
        monkeypatch.setattr("quartapp.models.session.FRESH", fresh)
        response = await browser.patch(path, json={"role": "admin"}, headers=headers)
        assert response.status_code == status
        assert (await browser.get(path)).status_code == 200
