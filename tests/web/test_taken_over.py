"""What somebody who was in an account keeps of it, once its owner has locked up."""

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import OutboxMessage, Passkey, User
from tests.helpers import PASSWORD, add_person, make_bearer, sign_in
from tests.services.events import list_events
from tests.web.test_links import ANN, NEW, VOID, read_mails, send

THIEF = "thief@example.org"


async def change_password(client: QuartClient, **wish: str) -> None:
    form = {"current_password": PASSWORD, "password": NEW, **wish}
    assert (await send(client, "/account/password", **form))[0] == 303


async def forget_password(app: Quart, client: QuartClient) -> None:
    assert (await send(client, "/auth/forgot", name="ann"))[0] == 202
    ((_, _, link),) = await read_mails(app)
    assert (await send(client, link, password=NEW))[0] == 303


async def call(app: Quart, bearer: dict[str, str]) -> int:
    client = app.test_client(use_cookies=False)
    return (await client.get("/api/v1/users/me", headers=bearer)).status_code


async def load_mail(app: Quart) -> OutboxMessage:
    async with app.app_context(), db.read() as session:
        return (await session.scalars(select(OutboxMessage))).one()


@pytest.mark.parametrize("way", ["changed", "reset"])
async def test_new_password_voids_the_link_that_would_move_the_account(
    app: Quart, ann: User, way: str
) -> None:
    thief, owner = [await sign_in(app.test_client(), "ann") for _ in range(2)]
    assert (await send(thief, "/account/email", email=THIEF))[0] == 202
    ((to, _, link),) = await read_mails(app)
    assert to == THIEF

    await (change_password(owner) if way == "changed" else forget_password(app, app.test_client()))
    status, page = await send(app.test_client(), link)
    assert (status, VOID in page) == (400, True)
    assert (await send(app.test_client(), "/auth/forgot", name="ann"))[0] == 202
    assert {to for to, _, _ in await read_mails(app)} == {ANN}


async def test_reset_revokes_tokens_and_tells_what_is_left(app: Quart, ann: User) -> None:
    app.config["AUTH_CACHE_SECONDS"] = 0
    async with app.app_context(), db.begin() as session:
        bob = await make_bearer(session, await add_person(session, "bob"))
        bearer = await make_bearer(session, ann)
        key = {"public_key": b"k", "sign_count": 0, "transports": ""}
        session.add(Passkey(user_id=ann.id, name="phone", credential_id="c", **key))
    client = app.test_client()
    await forget_password(app, client)

    assert [await call(app, headers) for headers in (bearer, bob)] == [401, 200]
    page = await (await client.get("/auth/login")).get_data(as_text=True)
    mail = await load_mail(app)
    assert (mail.recipient, mail.subject) == (ANN, "Your password was changed")
    for said in ("1 API token was revoked", "1 passkey still signs in to your account"):
        assert [said in text for text in (page, mail.text, mail.html)] == [True] * 3
    assert "/account/passkeys\n" in mail.text
    async with app.app_context():
        assert (await list_events())[-1][:4] == ("ann", "token-revoked", "ann", "test")


@pytest.mark.parametrize(("wish", "status"), [({"revoke_tokens": "y"}, 401), ({}, 200)])
async def test_who_changes_the_password_revokes_tokens_if_they_wish(
    app: Quart, ann: User, wish: dict[str, str], status: int
) -> None:
    app.config["AUTH_CACHE_SECONDS"] = 0
    async with app.app_context(), db.begin() as session:
        bearer = await make_bearer(session, ann)
    await change_password(await sign_in(app.test_client(), "ann"), **wish)
    assert await call(app, bearer) == status
