import re
from typing import Any

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import update

from quartapp.auth import tickets
from quartapp.extensions import db
from quartapp.models import Purpose, User, utcnow
from quartapp.models.session import FRESH
from quartapp.security import hash_token
from quartapp.services import second_factor as service
from quartapp.services.link import add_link
from tests.helpers import PASSWORD, make_code, read_token, sign_in
from tests.web.second_step import NEW, give_code, give_password, post, propose, read_codes, turn_on

SHOW, STEP = "/account/second-factor", "/auth/second-factor"
REMOVE = f"{SHOW}/remove"
LOGIN = "/auth/login"


async def is_in(client: QuartClient) -> bool:
    return (await client.get("/account/")).status_code == 200


# --- signing in


async def test_password_alone_signs_nobody_in(app: Quart, browser: QuartClient) -> None:
    secret, _ = await turn_on(app, browser)
    client = app.test_client()
    target = await give_password(client, "?next=/entities/?q%3Da")
    assert target == "/auth/second-factor?next=/entities/?q%3Da"
    assert not await is_in(client)
    assert "quartapp" not in {cookie.name for cookie in client.cookie_jar}

    assert await give_code(client, target, make_code(secret)) == (303, "/entities/?q=a")
    assert await is_in(client)


async def test_wrong_code_may_be_corrected(app: Quart, browser: QuartClient) -> None:
    secret, _ = await turn_on(app, browser)
    client = app.test_client()
    await give_password(client)
    status, page = await give_code(client, STEP, "000000")
    assert (status, "This code is wrong, expired or used." in page) == (422, True)
    assert not await is_in(client)
    assert (await give_code(client, STEP, make_code(secret)))[0] == 303


@pytest.mark.parametrize("kind", ["app", "recovery"])
async def test_code_lets_one_browser_in(app: Quart, browser: QuartClient, kind: str) -> None:
    secret, codes = await turn_on(app, browser)
    code = make_code(secret) if kind == "app" else codes[0]
    clients = [app.test_client(), app.test_client()]
    for client in clients:
        await give_password(client)
    assert [(await give_code(client, STEP, code))[0] for client in clients] == [303, 422]


async def test_wish_to_be_remembered_survives_the_second_step(
    app: Quart, browser: QuartClient
) -> None:
    secret, codes = await turn_on(app, browser)
    for wish, code in (({"remember": "y"}, codes[0]), ({}, make_code(secret))):
        client = app.test_client()
        await give_password(client, **wish)
        await give_code(client, STEP, code)
        remembered = {cookie.name for cookie in client.cookie_jar} >= {"quartapp", "remember"}
        assert remembered is bool(wish)


async def test_second_step_comes_after_a_password_only(client: QuartClient) -> None:
    token = await read_token(client, "/auth/login")
    for method, form in (("GET", None), ("POST", {"csrf_token": token, "code": "000000"})):
        response = await client.open(f"{STEP}?next=/entities/", method=method, form=form)
        assert response.status_code == 303
        assert response.headers["Location"] == "/auth/login?next=/entities/"


async def change_user(app: Quart, **values: Any) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(**values))


@pytest.mark.parametrize("end", ["late", "new password", "disabled"])
async def test_password_given_before_counts_no_more(
    app: Quart, browser: QuartClient, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    await turn_on(app, browser)
    client = app.test_client()
    await give_password(client)
    if end == "late":
        monkeypatch.setattr(tickets, "LIFE", -1)
    elif end == "new password":
        await change_user(app, password_hash="another")
    else:
        await change_user(app, disabled_at=utcnow())
    assert (await client.get(STEP)).headers["Location"] == "/auth/login"


@pytest.mark.parametrize(("purpose", "status"), [("second-step", 200), ("something else", 303)])
async def test_ticket_for_something_else_is_none(
    app: Quart, browser: QuartClient, admin: User, purpose: str, status: int
) -> None:
    await turn_on(app, browser)
    client = app.test_client()
    async with app.test_request_context("/"):
        ticket = [admin.id, hash_token(admin.password_hash), False]
        signed = tickets.make_signer(purpose).dumps(ticket)
    async with client.session_transaction() as session:
        session["second-step"] = signed
    assert (await client.get(STEP)).status_code == status


async def test_second_step_leads_nowhere_else(app: Quart, browser: QuartClient) -> None:
    secret, _ = await turn_on(app, browser)
    client = app.test_client()
    target = await give_password(client, "?next=//evil.test/")
    assert await give_code(client, target, make_code(secret)) == (303, "/")


# --- turning it on


async def test_turning_it_on_shows_codes_and_signs_other_browsers_out(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    other = await sign_in(app.test_client(), "admin")
    before = {cookie.name: cookie.value for cookie in browser.cookie_jar}["quartapp"]
    _, codes = await turn_on(app, browser)
    assert len(codes) == 10

    page = await (await browser.get(SHOW)).get_data(as_text=True)
    assert "10 recovery codes are left" in page
    assert not [code for code in codes if code in page]
    assert not await is_in(other)
    thief = app.test_client()
    thief.set_cookie("localhost", "quartapp", before)
    assert not await is_in(thief)


async def test_picture_holds_what_the_text_says(browser: QuartClient) -> None:
    page = await (await browser.get(NEW)).get_data(as_text=True)
    (picture,) = re.findall(r"<svg.*?</svg>", page)
    assert "style" not in picture
    assert "script" not in picture
    assert re.findall(r' (?:fill|stroke)="(#\w+)"', picture) == ["#fff", "#000"]


async def test_wrong_first_code_keeps_the_secret(browser: QuartClient) -> None:
    secret, form = await propose(browser)
    response = await browser.post(NEW, form={**form, "code": "12345"})
    page = await response.get_data(as_text=True)
    assert (response.status_code, secret in page, form["sealed"] in page) == (422, True, True)
    assert "This is not the code that the app shows now." in page
    response = await browser.post(NEW, form={**form, "code": make_code(secret)})
    assert response.status_code == 201


async def test_secret_of_an_old_or_forged_page_is_refused(
    browser: QuartClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, form = await propose(browser)
    form["code"] = make_code(secret)
    for sealed in ("", "x", form["sealed"][:-4] + "AAA="):
        assert (await browser.post(NEW, form={**form, "sealed": sealed})).status_code == 400
    monkeypatch.setattr(service, "PROPOSAL_LIFE", -1)
    assert (await browser.post(NEW, form=form)).status_code == 400


async def test_it_is_not_turned_on_twice(app: Quart, browser: QuartClient) -> None:
    await turn_on(app, browser)
    secret, form = await propose(browser)
    response = await browser.post(NEW, form={**form, "code": make_code(secret)})
    assert response.status_code == 409


async def test_new_codes_replace_the_old_ones(app: Quart, browser: QuartClient) -> None:
    _, old = await turn_on(app, browser)
    status, page = await post(browser, f"{SHOW}/codes", SHOW)
    new = read_codes(page)
    assert (status, len(new), set(new) & set(old)) == (201, 10, set())

    client = app.test_client()
    await give_password(client)
    found = [(await give_code(client, STEP, codes[0]))[0] for codes in (old, new)]
    assert found == [422, 303]
    page = await (await browser.get(SHOW)).get_data(as_text=True)
    assert "9 recovery codes are left" in page


# --- turning it off


async def test_turned_off_the_password_is_enough_again(app: Quart, browser: QuartClient) -> None:
    secret, _ = await turn_on(app, browser)
    other = app.test_client()
    await give_password(other)
    await give_code(other, STEP, make_code(secret))

    assert (await post(browser, REMOVE, REMOVE, password="not this one"))[0] == 422
    assert await post(browser, REMOVE, REMOVE, password=PASSWORD) == (303, SHOW)
    assert [await is_in(browser), await is_in(other)] == [True, False]
    await sign_in(app.test_client(), "admin")


async def test_short_password_will_do_beside_it_and_not_alone(
    app: Quart, browser: QuartClient
) -> None:
    path, short = "/account/password", "k3mw8xvt"
    form = {"current_password": PASSWORD, "password": short}
    assert (await post(browser, path, path, **form))[0] == 422
    await turn_on(app, browser)
    page = await (await browser.get(path)).get_data(as_text=True)
    assert "8 characters or more" in page
    assert (await post(browser, path, path, **form))[0] == 303

    status, page = await post(browser, REMOVE, REMOVE, password=short)
    assert (status, "Alone, a password needs 15 characters" in page) == (422, True)


# --- who may


@pytest.mark.parametrize("path", [SHOW, NEW, REMOVE])
async def test_pages_ask_for_the_password_after_a_while(
    browser: QuartClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("quartapp.models.session.FRESH", FRESH * 0)
    response = await browser.get(path)
    assert response.status_code == 303
    assert response.headers["Location"] == f"/auth/confirm?next={path}"


async def test_form_without_the_token_of_its_page_changes_nothing(
    app: Quart, browser: QuartClient
) -> None:
    secret, form = await propose(browser)
    del form["csrf_token"]
    assert (await browser.post(NEW, form={**form, "code": make_code(secret)})).status_code == 403
    secret, codes = await turn_on(app, browser)
    assert (await browser.post(f"{SHOW}/codes")).status_code == 403
    assert (await browser.post(REMOVE, form={"password": PASSWORD})).status_code == 403

    client = app.test_client()
    await give_password(client)
    await read_token(client, STEP)
    assert (await client.post(STEP, form={"code": codes[0]})).status_code == 403
    assert (await give_code(client, STEP, codes[0]))[0] == 303


async def test_confirming_asks_for_both(app: Quart, browser: QuartClient) -> None:
    path = "/auth/confirm"
    assert 'name="code"' not in await (await browser.get(path)).get_data(as_text=True)
    secret, codes = await turn_on(app, browser)
    before = {cookie.name: cookie.value for cookie in browser.cookie_jar}["quartapp"]

    wrong = {"password": PASSWORD, "code": "000000"}
    for form in ({"password": PASSWORD}, wrong, {"password": "wrong", "code": codes[0]}):
        assert (await post(browser, path, path, **form))[0] == 422
    assert {cookie.name: cookie.value for cookie in browser.cookie_jar}["quartapp"] == before

    both = {"password": PASSWORD, "code": make_code(secret)}
    assert await post(browser, path, path, **both) == (303, "/")
    assert {cookie.name: cookie.value for cookie in browser.cookie_jar}["quartapp"] != before


async def test_new_password_by_mail_is_not_enough(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await turn_on(app, browser)
    async with app.app_context(), db.begin() as session:
        user = await session.get_one(User, admin.id)
        token = await add_link(session, Purpose.RESET, user=user)
    client, new = app.test_client(), "a better horse battery"
    page = f"/auth/reset?token={token}"
    assert await post(client, "/auth/reset", page, token=token, password=new) == (303, LOGIN)

    form = {"name": "admin", "password": new}
    assert await post(client, LOGIN, LOGIN, **form) == (303, STEP)
    assert not await is_in(client)
