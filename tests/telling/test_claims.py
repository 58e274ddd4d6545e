"""Tellers at once, tellers that die: everything is sent, in order, and hardly anything twice."""

import asyncio

from quart import Quart

from quartapp.models import Entity, EventKind, User, utcnow
from quartapp.telling import teller as module
from quartapp.telling.teller import SLOTS, Teller, claim_errands, tell_due
from tests.monitoring.farm import Farm, hang
from tests.services.telling import (
    BOX,
    add_hook,
    add_reader,
    come_up,
    go_down,
    happen,
    load_deliveries,
)
from tests.telling.helpers import Hook, make_due, running, work


async def test_two_tellers_send_one_request(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hooks = [Hook() for _ in range(12)]
    other = Teller(teller.client, BOX)
    async with app.app_context():
        for hook in hooks:
            await add_hook(await add_reader(f"p{id(hook)}"), await farm.serve(hook))
        await happen(entity, EventKind.CHANGED)
        await work(teller, other)

    assert [len(hook.bodies) for hook in hooks] == [1] * 12


async def test_what_a_dead_teller_claimed_is_sent_by_another(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook()
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        await happen(entity, EventKind.CHANGED)
        assert len(await claim_errands(teller, SLOTS)) == 1  # and is killed
        assert not await tell_due(teller)
        await make_due()
        await work(teller)
        (row,) = await load_deliveries(channel)

    assert (row.state, row.attempts, len(hook.bodies)) == ("sent", 2, 1)


async def test_what_is_under_way_at_the_end_is_given_back(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hang()))
        await happen(entity, EventKind.CHANGED)
        async with running([teller], patience=0.1), asyncio.timeout(20):
            while not farm.met.total():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        (row,) = await load_deliveries(channel)

    assert (row.claimed_by, row.state) == (None, "waiting")
    assert row.due_at is not None
    assert row.due_at <= utcnow()


async def test_end_is_told_after_the_beginning(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook()
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        outage = await go_down(entity)
        await claim_errands(teller, SLOTS)  # by another, who has it still
        await come_up(entity, outage)
        await work(teller)
        assert hook.bodies == []
        await make_due()
        await work(teller)
        await make_due()
        await work(teller)
        rows = await load_deliveries(channel)

    assert [told["kind"] for told in hook.told] == ["usability.down", "usability.up"]
    assert [row.state for row in rows] == ["sent", "sent"]


async def test_outage_that_ends_before_a_failure_is_mended_is_not_told(
    app: Quart, entity: Entity, ann: User, farm: Farm, teller: Teller
) -> None:
    hook = Hook("500 Oops")
    async with app.app_context():
        channel = await add_hook(ann, await farm.serve(hook))
        outage = await go_down(entity)
        (errand,) = await claim_errands(teller, SLOTS)
        await come_up(entity, outage)
        reply = await module.send(teller, errand)
        await module.record(errand, reply, 0.0)
        await make_due()
        await work(teller)
        assert await load_deliveries(channel) == []

    assert len(hook.bodies) == 1
