"""The pages behind the links of mails."""

import re
from collections import Counter

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select, update

from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Link, OutboxMessage, Purpose, Role, User, UserSession, utcnow
from quartapp.models.session import FRESH
from quartapp.services.link import add_link
from tests.helpers import PASSWORD, add_person, queries, read_token, sign_in

ANN = "ann@example.org"
NEW = "a better horse battery"
VOID = "This link is used, expired or wrong."


async def read_mails(app: Quart) -> list[tuple[str, str, str]]:
    """Return recipient, subject and the address in each mail, oldest first; forget them."""
    async with app.app_context(), db.begin() as session:
        rows = list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))
        for row in rows:
            await session.delete(row)
    found = [(row.recipient, row.subject, re.findall(r"http\S+", row.text)) for row in rows]
    return [(to, subject, "".join(links)) for to, subject, links in found]


async def send(client: QuartClient, path: str, **form: str) -> tuple[int, str]:
    """Fill in the form on the page at *path*, which may be the address in a mail."""
    path = re.sub("^http://[^/]+", "", path)
    hidden = {"token": path.partition("token=")[2]} if "token=" in path else {}
    token = await read_token(client, path)
    form = {"csrf_token": token, **hidden, **form}
    response = await client.post(path.partition("?")[0], form=form)
    return response.status_code, await response.get_data(as_text=True)


async def can_sign_in(app: Quart, name: str, password: str) -> bool:
    client = app.test_client()
    token = await read_token(client, "/auth/login")
    form = {"name": name, "password": password, "csrf_token": token}
    return (await client.post("/auth/login", form=form)).status_code == 303


# --- begin


async def test_who_has_an_address_makes_an_account(app: Quart, client: QuartClient) -> None:
    assert (await send(client, "/auth/join", email=" Ann@Example.org "))[0] == 202
    ((to, subject, link),) = await read_mails(app)
    assert (to, subject) == (ANN, "Make your account")

    assert (await send(client, link, name="ann", password="short"))[0] == 422
    assert (await send(client, link, name="ann", password=NEW))[0] == 303
    assert (await client.get("/account/")).status_code == 200
    assert await can_sign_in(app, ANN, NEW)
    assert (await send(app.test_client(), link, name="bob", password=NEW))[0] == 400


async def test_answer_does_not_tell_who_has_an_account(app: Quart, ann: User) -> None:
    pages = []
    for path, name in (("/auth/join", "email"), ("/auth/forgot", "name")):
        for address in (ANN, "nix@example.org"):
            status, page = await send(app.test_client(), path, **{name: address})
            assert status == 202
            pages.append(re.sub(r'[a-z]+@example.org|<li>.*</li>|"[0-9a-f]{32,}"', "", page))
    assert pages[0] == pages[1]
    assert pages[2] == pages[3]
    assert [(to, subject) for to, subject, _ in await read_mails(app)] == [
        (ANN, "You have an account"),
        ("nix@example.org", "Make your account"),
        (ANN, "Choose a new password"),
    ]


async def test_answer_does_not_tell_whom_mail_cannot_reach(app: Quart, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(User).values(email="änn@example.org"))
    for name in ("ann", "änn@example.org", "nobody"):
        assert (await send(app.test_client(), "/auth/forgot", name=name))[0] == 202
    assert await read_mails(app) == []


async def test_as_much_is_done_for_nobody_as_for_who_gets_a_link(app: QuartApp, ann: User) -> None:
    counts = []
    async with app.app_context():
        engine = db.engine
    for name in ("ann", "nobody"):
        client = app.test_client()
        token = await read_token(client, "/auth/forgot")
        with queries(engine) as sent:
            await client.post("/auth/forgot", form={"name": name, "csrf_token": token})
        counts.append(Counter(text.split()[0] for text in sent))
    known, unknown = counts
    assert (known["INSERT"], unknown["INSERT"]) == (2, 2)
    assert known.total() == unknown.total()
    assert [to for to, _, _ in await read_mails(app)] == [ANN]
    async with app.app_context(), db.read() as session:
        assert [link.user_id for link in await session.scalars(select(Link))] == [ann.id]


async def test_domain_may_be_written_in_any_script(app: Quart, client: QuartClient) -> None:
    assert (await send(client, "/auth/join", email="ann@bücher.example.org"))[0] == 202
    ((to, _, link),) = await read_mails(app)
    assert to == "ann@xn--bcher-kva.example.org"
    assert (await send(client, link, name="ann", password=NEW))[0] == 303
    assert await can_sign_in(app, "ann@Bücher.example.org", NEW)


async def test_invited_person_has_the_role_of_the_invitation(
    app: Quart, client: QuartClient
) -> None:
    async with app.app_context(), db.begin() as session:
        token = await add_link(session, Purpose.INVITE, email=ANN, role=Role.EDITOR)
    path = f"/auth/register?token={token}"
    assert (await send(client, path, name="ann", password=NEW))[0] == 303
    async with app.app_context(), db.begin() as session:
        assert await session.scalar(select(User.role)) == "editor"


async def test_taken_name_leaves_the_invitation_alive(
    app: Quart, client: QuartClient, ann: User
) -> None:
    async with app.app_context(), db.begin() as session:
        token = await add_link(session, Purpose.INVITE, email="b@example.org")
    path = f"/auth/register?token={token}"
    for name in ("Ann", "\uff21nn"):
        status, page = await send(client, path, name=name, password=NEW)
        assert (status, "The name &#39;Ann&#39; is taken." in page) == (422, True)
    assert (await send(client, path, name="bob", password=NEW))[0] == 303


@pytest.mark.parametrize(
    ("registration", "join", "register"),
    [("open", 200, 200), ("invitation", 404, 200), ("closed", 404, 404)],
)
async def test_setting_says_who_may_make_an_account(
    app: Quart, client: QuartClient, registration: str, join: int, register: int
) -> None:
    app.config["REGISTRATION"] = registration
    statuses = [(await client.get(f"/auth/{page}")).status_code for page in ("join", "register")]
    assert statuses == [join, register]
    assert ("Make an account" in await (await client.get("/auth/login")).get_data(True)) == (
        registration == "open"
    )


async def test_link_of_open_days_is_void_when_only_who_is_invited_may_come(
    app: Quart, client: QuartClient
) -> None:
    async with app.app_context(), db.begin() as session:
        token = await add_link(session, Purpose.JOIN, email="b@example.org")
    path = f"/auth/register?token={token}"
    app.config["REGISTRATION"] = "invitation"
    assert (await send(client, path, name="bob", password=NEW))[0] == 400
    app.config["REGISTRATION"] = "open"
    assert (await send(client, path, name="bob", password=NEW))[0] == 303


# --- find back


@pytest.mark.parametrize("name", ["ann", ANN])
async def test_forgotten_password_is_replaced_and_every_browser_signed_out(
    app: Quart, client: QuartClient, ann: User, name: str
) -> None:
    other = await sign_in(app.test_client(), "ann")
    assert (await send(client, "/auth/forgot", name=name))[0] == 202
    ((to, _, link),) = await read_mails(app)
    assert (to, link.partition("?")[0]) == (ANN, "http://127.0.0.1:5000/auth/reset")

    assert (await client.get(link.partition("5000")[2])).status_code == 200  # uses nothing up
    assert (await send(client, link, password="short"))[0] == 422
    assert (await send(client, link, password=NEW))[0] == 303
    assert (await other.get("/account/")).status_code == 303
    assert [await can_sign_in(app, "ann", word) for word in (PASSWORD, NEW)] == [False, True]
    status, page = await send(client, link, password=PASSWORD)
    assert (status, VOID in page) == (400, True)


async def test_every_void_link_gets_the_same_answer(
    app: Quart, client: QuartClient, ann: User
) -> None:
    async with app.app_context(), db.begin() as session:
        confirm = await add_link(session, Purpose.CONFIRM, user=ann, email=ANN)
        old = await add_link(session, Purpose.RESET, user=ann)
        await add_link(session, Purpose.RESET, user=ann)
    for token in (confirm, old, "wrong", ""):
        status, page = await send(client, f"/auth/reset?token={token}", password=NEW)
        assert (status, VOID in page) == (400, True)
    assert await can_sign_in(app, "ann", PASSWORD)


async def test_links_start_with_the_public_address(
    app: Quart, client: QuartClient, ann: User
) -> None:
    app.config["PUBLIC_URL"] = "https://sites.example.org"
    token = await read_token(client, "/auth/forgot")
    spoofed = {
        "Host": "evil.test",
        "X-Forwarded-Host": "evil.test",
        "Forwarded": "host=evil.test",
        "X-Original-URL": "https://evil.test/",
    }
    form = {"name": "ann", "csrf_token": token}
    await client.post("/auth/forgot", form=form, headers=spoofed)
    ((_, _, link),) = await read_mails(app)
    assert link.startswith("https://sites.example.org/auth/reset?token=")


# --- move


async def test_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(
    app: Quart, ann: User
) -> None:
    client = await sign_in(app.test_client(), "ann")
    assert (await send(client, "/account/email", email="new@example.org"))[0] == 202
    ((to, subject, link),) = await read_mails(app)
    assert (to, subject) == ("new@example.org", "Confirm your address")
    assert ANN in await (await client.get("/account/")).get_data(True)

    assert (await send(app.test_client(), link))[0] == 303
    assert "new@example.org" in await (await client.get("/account/")).get_data(True)
    assert await read_mails(app) == [(ANN, "Your address was changed", "")]


async def test_taken_address_is_told_to_its_owner_only(app: Quart, ann: User) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "bob")
    client = await sign_in(app.test_client(), "bob")
    status, page = await send(client, "/account/email", email=ANN)
    assert (status, "taken" in page) == (202, False)
    assert [(to, subject) for to, subject, _ in await read_mails(app)] == [
        (ANN, "You have an account")
    ]


# --- end


async def test_removed_account_is_gone_with_its_sessions(app: Quart, ann: User) -> None:
    client = await sign_in(app.test_client(), "ann")
    assert (await send(client, "/account/remove"))[0] == 303
    assert (await client.get("/account/")).status_code == 303
    assert not await can_sign_in(app, "ann", PASSWORD)


async def test_last_administrator_cannot_leave(browser: QuartClient) -> None:
    status, page = await send(browser, "/account/remove")
    assert (status, "the last administrator" in page) == (409, True)


@pytest.mark.parametrize("page", ["email", "remove", "tokens/new"])
async def test_sensitive_page_asks_for_the_password_after_a_while(
    app: Quart, browser: QuartClient, page: str
) -> None:
    async with app.app_context(), db.begin() as session:
        await session.execute(update(UserSession).values(confirmed_at=utcnow() - FRESH))
    response = await browser.get(f"/account/{page}")
    assert (response.status_code, response.headers["Location"]) == (
        303,
        f"/auth/confirm?next=/account/{page}",
    )


@pytest.mark.parametrize("page", ["setup", "register", "reset", "confirm-email"])
async def test_page_of_a_link_tells_nothing_that_it_loads_of_its_address(
    app: Quart, client: QuartClient, page: str
) -> None:
    app.config["REGISTRATION"] = "invitation"
    response = await client.get(f"/auth/{page}?token=x")
    head = (await response.get_data(as_text=True)).partition("</head>")[0]
    loads = min(head.index(word) for word in ("<link", "<script"))
    assert head.index('<meta name="referrer" content="no-referrer">') < loads
