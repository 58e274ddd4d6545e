"""The pages of one's own channels."""

import re

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select, update

from quartapp.extensions import db
from quartapp.models import Channel, ChannelKind, Delivery, Role, User, utcnow
from tests.api.helpers import add_site
from tests.helpers import add_person, sign_in
from tests.web.second_step import post

OWN = "/account/channels"
HOOK = {"url": "https://hooks.example.org/a?key=1", "bug": "y", "remind_every": "0"}


@pytest.fixture
async def admin(app: Quart, admin: User) -> User:
    """The administrator, with a confirmed address."""
    async with app.app_context(), db.begin() as session:
        values = {"email": "admin@example.org", "email_confirmed_at": utcnow()}
        await session.execute(update(User).where(User.id == admin.id).values(values))
    return admin


async def read(client: QuartClient, path: str) -> str:
    text: str = await (await client.get(path)).get_data(as_text=True)
    return text


async def load_channel(app: Quart) -> Channel:
    async with app.app_context(), db.read() as session:
        return (await session.scalars(select(Channel))).one()


async def test_mail_channel_is_added_tested_changed_and_removed(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    site = await add_site(app, admin, "<b>My</b> site")
    assert "You have no channel." in await read(browser, OWN)
    assert "Mail goes to admin@example.org." in await read(browser, f"{OWN}/mail")
    form = {"site": site.name, "usability": "y", "remind_every": "30"}
    status, path = await post(browser, f"{OWN}/mail", f"{OWN}/mail", **form)
    assert status == 303
    page = await read(browser, OWN)
    assert "&lt;b&gt;My&lt;/b&gt; site: usability; reminds every 30 minutes" in page

    assert await post(browser, f"{path}/test", path) == (303, path)
    assert "A test" in await read(browser, path)
    assert (await post(browser, f"{path}/test", path))[0] == 409

    page = await read(browser, f"{path}/edit")
    assert re.findall(r'<input checked[^>]* id="(\w+)"', page) == ["usability"]
    form = {"site": "", "tamper": "y", "bug": "y", "remind_every": "0"}
    assert await post(browser, f"{path}/edit", f"{path}/edit", **form) == (303, path)
    row = await load_channel(app)
    assert (row.entity_id, row.topics, row.remind_every) == (None, "tamper,bug", 0)

    for verb, is_on in (("off", False), ("on", True)):
        assert await post(browser, f"{path}/{verb}", path) == (303, path)
        assert (await load_channel(app)).is_on is is_on
        assert ("It is turned off." in await read(browser, path)) is not is_on

    assert await post(browser, f"{path}/remove", path) == (303, OWN)
    assert "You have no channel." in await read(browser, OWN)


async def test_secret_of_a_webhook_is_shown_once(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    status, page = await post(browser, f"{OWN}/webhook", f"{OWN}/webhook", **HOOK)
    (secret,) = re.findall(r'<code class="secret">(qs_[\w-]+)</code>', page)
    path = f"{OWN}/{(await load_channel(app)).id}"

    assert (status, len(secret)) == (201, 46)
    for address in (OWN, path, f"{path}/edit"):
        shown = await read(browser, address)
        assert secret not in shown
        assert "hooks.example.org" in shown


async def test_new_secret_of_a_webhook_is_shown_once(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await post(browser, f"{OWN}/webhook", f"{OWN}/webhook", **HOOK)
    old = await load_channel(app)
    path = f"{OWN}/{old.id}"
    assert "Change its secret" in await read(browser, path)
    status, page = await post(browser, f"{path}/secret", path)
    (secret,) = re.findall(r'<code class="secret">(qs_[\w-]+)</code>', page)

    assert (status, len(secret)) == (200, 46)
    assert secret not in await read(browser, path)
    assert (await load_channel(app)).sealed_secret != old.sealed_secret


async def test_webhook_of_who_has_become_a_viewer_can_be_removed_and_says_why(
    app: Quart, browser: QuartClient
) -> None:
    async with app.app_context(), db.begin() as session:
        viewer = await add_person(session, "viewer", role=Role.VIEWER)
        row = Channel(user_id=viewer.id, kind=ChannelKind.WEBHOOK, topics="bug", url=HOOK["url"])
        session.add(row)
    page = await read(await sign_in(app.test_client(), "viewer"), f"{OWN}/{row.id}")
    actions = re.findall(rf'action="{OWN}/{row.id}/(\w+)"', page)
    assert (actions, "Viewers are told by mail" in page) == (["remove"], True)
    assert "/edit" not in page


async def test_mail_shows_no_secret_to_change(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    _, path = await post(browser, f"{OWN}/mail", f"{OWN}/mail", bug="y", remind_every="0")
    assert "Change its secret" not in await read(browser, path)
    assert (await post(browser, f"{path}/secret", path))[0] == 409


async def test_last_error_is_shown_where_it_helps(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await post(browser, f"{OWN}/webhook", f"{OWN}/webhook", **HOOK)
    channel, now = await load_channel(app), utcnow()
    async with app.app_context(), db.begin() as session:
        failed = {"failed_at": now, "last_error": "It answered 500: <i>no</i>"}
        session.add(Delivery(channel_id=channel.id, planned_at=now, due_at=None, **failed))
        wrong = {"last_error": failed["last_error"], "last_error_at": now}
        await session.execute(update(Channel).values(wrong))

    for path, count in ((OWN, 1), (f"{OWN}/{channel.id}", 2)):
        assert (await read(browser, path)).count("It answered 500: &lt;i&gt;no&lt;/i&gt;") == count


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"site": "Nowhere"}, "There is no such site."),
        ({"bug": ""}, "Choose something to be told of."),
        ({"remind_every": "3"}, "0 for never, or 5 to 10080 minutes."),
        ({"remind_every": "x"}, "Not a valid integer value."),
        ({"url": "ftp://a.test"}, "An address starts with http:// or https://"),
    ],
)
async def test_what_is_wrong_is_shown_beside_its_field(
    browser: QuartClient, given: dict[str, str], words: str
) -> None:
    form = {name: value for name, value in {**HOOK, **given}.items() if value}
    status, page = await post(browser, f"{OWN}/webhook", f"{OWN}/webhook", **form)
    assert (status, words in page) == (422, True)


async def test_who_has_no_address_is_led_to_where_to_confirm_one(app: Quart, admin: User) -> None:
    async with app.app_context(), db.begin() as session:
        await add_person(session, "bob", role=Role.VIEWER)
    bob = await sign_in(app.test_client(), "bob")
    for path in (OWN, f"{OWN}/mail"):
        assert 'href="/account/email">confirm one first' in await read(bob, path)
    assert "Add a webhook" not in await read(bob, OWN)
    assert (await bob.get(f"{OWN}/webhook")).status_code == 403


async def test_channel_of_another_is_not_there(
    app: Quart, browser: QuartClient, admin: User
) -> None:
    await post(browser, f"{OWN}/webhook", f"{OWN}/webhook", **HOOK)
    path = f"{OWN}/{(await load_channel(app)).id}"
    async with app.app_context(), db.begin() as session:
        await add_person(session, "ann", role=Role.ADMIN)
    ann = await sign_in(app.test_client(), "ann")
    assert (await ann.get(path)).status_code == 404
    for verb in ("edit", "secret", "test", "on", "off", "remove"):
        assert (await post(ann, f"{path}/{verb}", OWN))[0] == 404


async def test_webhook_that_can_never_be_asked_is_an_error_beside_its_field(
    app: Quart, browser: QuartClient
) -> None:
    app.config["CHECK_PORTS"] = ["443"]
    page = await read(browser, f"{OWN}/webhook")
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = HOOK | {"url": "https://127.0.0.1:22/", "csrf_token": token}
    response = await browser.post(f"{OWN}/webhook", form=form)
    assert response.status_code == 422
    assert "Port 22 is not among those that are watched." in str(await response.get_data())
