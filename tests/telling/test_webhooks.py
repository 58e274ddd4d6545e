"""Webhooks: what they get, who may have sent it, and what becomes of those that do not take it."""

import asyncio
import hashlib
import hmac
import time
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.api.v1.schemas import EventOut
from quartapp.extensions import db
from quartapp.models import Channel, Delivery, Entity, EventKind, Role, User, utcnow
from quartapp.models.outbox import DELAYS, LIFE
from quartapp.models.share import find_share
from quartapp.monitoring.client import open_client
from quartapp.services.channel import add_test, add_webhook, change_secret
from quartapp.services.event import list_events, select_events
from quartapp.telling import teller as module
from quartapp.telling.payload import sign
from quartapp.telling.teller import SLOTS, Teller
from tests.monitoring.conftest import ANY_PORT
from tests.monitoring.farm import Farm, hang, make_redirect, say
from tests.services.telling import (
    BOX,
    add_hook,
    add_reader,
    go_down,
    happen,
    load_channel,
    load_deliveries,
    show,
)
from tests.telling.helpers import Hook, make_due, read_head, running, work


async def test_event_is_sent_as_the_api_shows_it(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook()
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        await go_down(entity)
        await work(teller)
        (row,) = await load_deliveries(channel)
        async with db.read() as session:
            (event,) = await list_events(session, select_events(seen_by=ann))
        shown = EventOut.model_validate(event).model_dump(mode="json")

    assert hook.told == [{**shown, "delivery": row.id, "number": 0, "digest": []}]
    assert (row.state, row.attempts, row.claimed_by) == ("sent", 1, None)


async def test_signature_shows_that_it_is_ours(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook()
    async with app.app_context():
        async with db.begin() as session:
            channel, secret = await add_webhook(session, ann, await farm.serve(hook), BOX)
        await happen(entity, EventKind.BUG_OPENED)
        await work(teller)
        (row,) = await load_deliveries(channel)

    ((head,),) = [heads for heads in farm.heads.values() if heads]
    sent = read_head(head)
    signed = f"{sent['Timestamp']}.".encode() + hook.bodies[0]
    made = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert (sent["Delivery"], sent["Signature"]) == (str(row.id), f"v1={made}")
    assert abs(time.time() - int(sent["Timestamp"])) < 60


async def test_retry_is_signed_by_the_secret_of_then(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook("500 Oops")
    async with app.app_context():
        async with db.begin() as session:
            channel, _ = await add_webhook(session, ann, await farm.serve(hook), BOX)
        await happen(entity, EventKind.BUG_OPENED)
        await work(teller)
        async with db.begin() as session:
            row = await session.get_one(Channel, channel.id)
            secret = await change_secret(session, row, ann, BOX)
        await make_due()
        await work(teller)

    (heads,) = [heads for heads in farm.heads.values() if heads]
    sent = read_head(heads[-1])
    assert sent["Signature"] == sign(secret, sent["Timestamp"], hook.bodies[-1])
    assert len(hook.bodies) == 2


async def test_failure_is_shown_and_tried_again(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook("500 Oops", "503 Busy")
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        await happen(entity, EventKind.CHANGED)
        await work(teller)
        (row,), failed = await load_deliveries(channel), await load_channel(channel)
        assert row.due_at is not None
        assert DELAYS[0] - timedelta(minutes=1) < row.due_at - utcnow() <= DELAYS[0]
        assert (row.state, row.last_error) == ("waiting", "It answered 500.")
        assert (failed.last_error, failed.last_sent_at) == ("It answered 500.", None)
        for _ in range(2):
            await make_due()
            await work(teller)
        (row,), done = await load_deliveries(channel), await load_channel(channel)

    assert (row.state, row.attempts, len(hook.bodies)) == ("sent", 3, 3)
    assert (done.last_error, done.last_error_at, done.last_sent_at) == ("", None, row.sent_at)


async def test_after_a_day_it_is_given_up(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(Hook("500 Oops")))
        await happen(entity, EventKind.CHANGED)
        async with db.begin() as session:
            await session.execute(update(Delivery).values(planned_at=utcnow() - LIFE))
        await work(teller)
        assert show(await load_deliveries(channel)) == [("tamper.changed", 0, "failed")]


async def test_redirect_is_a_failure(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    target = Hook()
    async with app.app_context():
        away = say(make_redirect(await farm.serve(target)))
        channel = await add_hook(ann, await farm.serve(away))
        await happen(entity, EventKind.CHANGED)
        await work(teller)
        error = (await load_channel(channel)).last_error

    assert error == "It answered 302: redirects are not followed"
    assert target.bodies == []


async def test_who_is_gone_is_told_no_more(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook("410 Gone")
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        await happen(entity, EventKind.CHANGED)
        await work(teller)
        await happen(entity, EventKind.MISSING)
        await work(teller)
        rows, row = await load_deliveries(channel), await load_channel(channel)

    assert show(rows) == [("tamper.changed", 0, "failed")]
    assert (row.is_on, row.last_error, len(hook.bodies)) == (False, "It answered 410.", 1)


async def test_this_machine_is_not_told(app: Quart, entity: Entity, ann: User, farm: Farm) -> None:
    hook = Hook()
    async with app.app_context():
        url = await farm.serve(hook)
        channel = await add_hook(ann, url)
        await happen(entity, EventKind.CHANGED)
        async with open_client(user_agent="", ports=ANY_PORT, lookup=farm.lookup) as client:
            await work(Teller(client, BOX))
        rows, row = await load_deliveries(channel), await load_channel(channel)

    assert row.last_error == f"{farm.find(url)[0]} is not a public address."
    assert show(rows) == [("tamper.changed", 0, "failed")]
    assert (row.is_on, hook.bodies) == (True, [])


async def test_frozen_webhook_holds_up_no_other(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    frozen, hook = await farm.serve(hang()), Hook()
    async with app.app_context():
        bob = await add_reader("bob")
        for number in range(2 * SLOTS + 2):  # more than a look for what is due finds
            await add_hook(ann if number % 2 else bob, frozen)
        await add_hook(bob, await farm.serve(hook))
        await happen(entity, EventKind.CHANGED)
        async with running([teller], patience=0.1), asyncio.timeout(20):
            while not hook.bodies:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    assert farm.met[farm_name(frozen)] == 2


async def test_who_has_many_frozen_webhooks_holds_up_nobody_else(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook()
    async with app.app_context():
        for _ in range(2 * SLOTS - 1):
            await add_hook(ann, await farm.serve(hang()))
        for _ in range(2):
            await happen(entity, EventKind.CHANGED)
        await add_hook(await add_reader("bob"), await farm.serve(hook))
        await happen(entity, EventKind.CHANGED)
        async with running([teller], patience=0.1), asyncio.timeout(8):
            while not hook.bodies:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    assert farm.met.total() <= find_share(SLOTS) + 1


def farm_name(url: str) -> str:
    return url.split("/")[2].partition(":")[0]


async def test_who_hangs_is_tried_again_later(
    app: Quart,
    entity: Entity,
    ann: User,
    farm: Farm,
    teller: Teller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SECONDS", 1.0)
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hang()))
        await happen(entity, EventKind.CHANGED)
        await work(teller)
        (row,) = await load_deliveries(channel)

    assert (row.state, row.attempts) == ("waiting", 1)
    assert row.last_error.endswith("it was still waiting for an answer.")


@pytest.mark.parametrize("kind", ["demoted", "disabled", "off"])
async def test_test_that_may_not_be_sent_any_more_is_dropped(
    app: Quart, ann: User, farm: Farm, teller: Teller, kind: str
) -> None:
    hook = Hook()
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        async with db.begin() as session:
            await add_test(session, channel, ann)
            user = await session.get_one(User, ann.id)
            if kind == "demoted":
                user.role = Role.VIEWER
            elif kind == "disabled":
                user.disabled_at = utcnow()
            else:
                (await session.get_one(Channel, channel.id)).is_on = False
        await work(teller)
        assert await load_deliveries(channel) == []
    assert hook.bodies == []


async def test_test_is_sent_once_and_its_end_is_shown(
    app: Quart, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook("200 OK", "500 Oops")
    errors = []
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        for _ in range(2):
            async with db.begin() as session:
                await add_test(session, channel, ann)
            await work(teller)
            errors.append((await load_channel(channel)).last_error)
        rows = await load_deliveries(channel)

    assert errors == ["", "It answered 500."]
    assert show(rows) == [("test", 0, "sent"), ("test", 0, "failed")]
    first = hook.told[0]
    assert first == {
        "id": None,
        "kind": "test",
        "at": first["at"],
        "entity": None,
        "title": "This is a test",
        "detail": "",
        "subject_id": None,
        "author": None,
        "delivery": rows[0].id,
        "number": 0,
        "digest": [],
    }


async def test_secret_whose_key_is_lost_signs_nothing(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook()
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        async with db.begin() as session:
            await session.execute(update(Channel).values(sealed_secret="x"))
        await happen(entity, EventKind.CHANGED)
        await work(teller)
        assert (await load_channel(channel)).last_error == module.LOST

    assert hook.bodies == []
