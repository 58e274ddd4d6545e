"""What has to be so before a request can be right: a second factor, a challenge, a learned page."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.routing import Rule

from quartapp.auth import get_box
from quartapp.extensions import db
from quartapp.models import Entity, Role, User, utcnow
from quartapp.models.learning import FEWEST
from quartapp.models.second_factor import make_secret
from quartapp.services.check import make_check
from quartapp.services.second_factor import remove_second_factor
from tests.authenticator import Authenticator
from tests.helpers import PASSWORD, add_factor, add_person, make_code
from tests.security.asking import OWN, Sending
from tests.security.things import make_bug_id, numbers
from tests.security.world import SOMEBODY, Asker, World
from tests.services.reading import show

METRICS, METRICS_TOKEN = "metrics.show", "of-whoever-reads-the-figures"
LOGIN = "Basic " + base64.b64encode(f"metrics:{METRICS_TOKEN}".encode()).decode()
Body = dict[str, Any]


async def make_ready(world: World, rule: Rule, sending: Sending, name: str) -> Sending:
    """Do what comes before, and add to the body what only that can tell; strangers have nothing."""
    if rule.endpoint == METRICS and name == "administrator":
        return sending._replace(asker=replace(sending.asker, headers={"Authorization": LOGIN}))
    ready = READY.get(rule.endpoint)
    if ready is None or name == "anonymous":
        return sending
    async with world.app.app_context():
        body = await ready(world, sending)
    return sending._replace(body={**sending.body, **body})


# --- second factors


async def turn_on(session: AsyncSession, user: User) -> str:
    await remove_second_factor(session, user, user)
    return (await add_factor(session, user, get_box()))[0]


async def have_factor(_: World, sending: Sending) -> Body:
    async with db.begin() as session:
        await turn_on(session, sending.asker.user)
    return {}


async def let_the_other_have_one(world: World, _: Sending) -> Body:
    async with db.begin() as session:
        await turn_on(session, (await world.find_asker(session, SOMEBODY)).user)
    return {}


async def propose_factor(_: World, sending: Sending) -> Body:
    async with db.begin() as session:
        await remove_second_factor(session, sending.asker.user, sending.asker.user)
    secret = make_secret()
    return {"sealed": get_box().encrypt(secret.encode()).decode(), "code": make_code(secret)}


async def give_password(_: World, sending: Sending) -> Body:
    """Be asked for the code."""
    asker = sending.asker
    async with db.begin() as session:
        secret = await turn_on(session, asker.user)
    form = {"name": asker.user.name, "password": PASSWORD}
    form["csrf_token"] = await asker.find_csrf_token()
    response = await asker.client.post("/auth/login", form=form)
    assert response.headers["Location"] == "/auth/second-factor", response.headers
    asker.csrf_token = ""
    return {"code": make_code(secret)}


# --- passkeys


async def make_passkey(_: World, sending: Sending) -> Body:
    return {"answer": Authenticator().create(await fetch(sending.asker, "/account/passkeys"))}


async def have_passkey(_: World, sending: Sending) -> Body:
    asker, device = sending.asker, Authenticator()
    answer = device.create(await fetch(asker, "/account/passkeys"))
    form = {"answer": answer, "name": "key", "csrf_token": await asker.find_csrf_token()}
    response = await asker.client.post("/account/passkeys", form=form)
    assert response.status_code == 303, response.status
    asker.csrf_token = ""  # the session has new secrets
    return {"answer": device.get(await fetch(asker, "/auth/passkey"))}


async def fetch(asker: Asker, path: str) -> str:
    headers = {**OWN, "X-CSRFToken": await asker.find_csrf_token()}
    response = await asker.client.post(f"{path}/options", headers=headers)
    text: str = await response.get_data(as_text=True)
    assert response.status_code == 200, text
    return text


# --- what else there has to be


async def have_address(_: World, sending: Sending) -> Body:
    async with db.begin() as session:
        user = await session.get_one(User, sending.asker.user.id)
        user.email, user.email_confirmed_at = f"{user.name}@example.org", utcnow()
    return {}


async def let_page_be_learned(_: World, __: Sending) -> Body:
    """Of the site that was made last, for this request."""
    async with db.begin() as session:
        entity = (await session.scalars(select(Entity).order_by(Entity.id.desc()).limit(1))).one()
        session.add(make_check(entity, utcnow()))
    await show(entity, *["<p>Head<p>Welcome"] * FEWEST)
    return {}


async def have_bug(_: World, sending: Sending) -> Body:
    """One that several are named by: by a form, or by JSON."""
    async with db.begin() as session:
        bug_id = await make_bug_id(session, sending.asker.user, False, {})
    return {"ids": [bug_id]} if sending.is_api else {"bug": bug_id}


async def have_another_administrator(_: World, __: Sending) -> Body:
    async with db.begin() as session:
        await add_person(session, f"another-{next(numbers)}", role=Role.ADMIN)
    return {}


READY: dict[str, Callable[[World, Sending], Awaitable[Body]]] = {
    "second_factor.step": give_password,
    "second_factor.new": propose_factor,
    "second_factor.new_codes": have_factor,
    "second_factor.remove": have_factor,
    "admin.remove_second_factor": let_the_other_have_one,
    "api_v1.user.remove_second_factor": let_the_other_have_one,
    "passkey.index": make_passkey,
    "passkey.sign_in": have_passkey,
    "channel.new_mail": have_address,
    "account.remove": have_another_administrator,
    "bug.bulk": have_bug,
    "api_v1.bug.edit_ones": have_bug,
    "tamper.accept": let_page_be_learned,
    "api_v1.tamper.accept": let_page_be_learned,
}
