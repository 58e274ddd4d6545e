"""Sites that turn again and again: told of in digests."""

from datetime import datetime, timedelta

from quart import Quart
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Channel, Delivery, Entity, Outage, User, utcnow
from quartapp.models.channel import FLAP_TIME
from tests.services.telling import (
    add_mail_channel,
    come_up,
    go_down,
    load_deliveries,
    mark_told,
    show,
)

MINUTE = timedelta(minutes=1)


async def turn(entity: Entity, start: datetime, minutes: list[int]) -> None:
    """Have it go down and come back in turn; all that is due by then is told meanwhile."""
    outage: Outage | None = None
    for minute in minutes:
        at = start + minute * MINUTE
        outage = await go_down(entity, at) if outage is None else await come_up(entity, outage, at)  # type: ignore[assignment]
        outage = outage if isinstance(outage, Outage) else None
        async with db.begin() as session:
            due = Delivery.until_id.is_(None), Delivery.sent_at.is_(None)
            told = update(Delivery).where(*due).values(sent_at=utcnow(), due_at=None)
            await session.execute(told)


async def show_digests(channel: Channel) -> list[tuple[str, int, int]]:
    """Return the kind of the first event of each digest, how many follow it, and when it is due."""
    return [
        (row.event.kind, (row.until_id or 0) - row.event.id, row.planned_at.minute)
        for row in await load_deliveries(channel)
        if row.until_id and row.event
    ]


async def test_more_than_four_turns_in_an_hour_are_told_at_its_end(
    app: Quart, entity: Entity, ann: User
) -> None:
    start = utcnow().replace(minute=7, second=0, microsecond=0) + timedelta(hours=1)
    async with app.app_context():
        channel, other = await add_mail_channel(ann), await add_mail_channel(ann)
        await turn(entity, start, [0, 5, 10, 15, 20, 25, 30])
        rows = await load_deliveries(channel)
        assert await show_digests(channel) == await show_digests(other)

    kinds = [row.event.kind for row in rows if row.event]
    assert kinds == ["usability.down", "usability.up"] * 2 + ["usability.down"]
    assert [row.until_id is not None for row in rows] == [False] * 4 + [True]
    assert rows[-1].until_id == (rows[-1].event_id or 0) + 2
    assert rows[-1].due_at == rows[-1].planned_at == start + FLAP_TIME


async def test_four_turns_in_an_hour_are_told_one_by_one(
    app: Quart, entity: Entity, ann: User
) -> None:
    start = utcnow() + timedelta(hours=1)
    async with app.app_context():
        channel = await add_mail_channel(ann)
        await turn(entity, start, [0, 20, 40, 59, 61, 81])
        assert len(await load_deliveries(channel)) == 6
        assert await show_digests(channel) == []


async def test_after_a_digest_the_next_comes_an_hour_later(
    app: Quart, entity: Entity, ann: User
) -> None:
    start = utcnow().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    async with app.app_context():
        channel = await add_mail_channel(ann)
        await turn(entity, start, [0, 5, 10, 15, 20, 25])
        await mark_told()
        await turn(entity, start, [62, 65, 68])
        await mark_told()
        await turn(entity, start, [200])
        digests, last = await show_digests(channel), (await load_deliveries(channel))[-1]

    assert digests == [
        ("usability.down", 1, 0),  # of 20 and 25, at 1:00
        ("usability.down", 2, 2),  # of 62, 65 and 68, at 2:02
    ]
    assert last.until_id is None


async def test_up_is_told_to_who_learned_of_the_down_from_a_digest(
    app: Quart, entity: Entity, ann: User
) -> None:
    start = utcnow() + timedelta(hours=1)
    async with app.app_context():
        channel = await add_mail_channel(ann)
        await turn(entity, start, [0, 5, 10, 15])
        outage = await go_down(entity, start + 20 * MINUTE)
        await mark_told()
        late = await add_mail_channel(ann)
        await come_up(entity, outage, start + 200 * MINUTE)
        rows, none = await load_deliveries(channel), await load_deliveries(late)

    assert show(rows)[-2:] == [("usability.down", 0, "sent"), ("usability.up", 0, "waiting")]
    assert none == []


async def test_turns_of_one_site_hold_up_no_other(app: Quart, entity: Entity, ann: User) -> None:
    start = utcnow() + timedelta(hours=1)
    async with app.app_context():
        channel = await add_mail_channel(ann)
        async with db.begin() as session:
            other = Entity(name="Other", slug="other", url="http://b.example")
            session.add(other)
        await turn(entity, start, [0, 5, 10, 15, 20])
        await go_down(other, start + 21 * MINUTE)
        rows = await load_deliveries(channel)

    assert [row.until_id is not None for row in rows] == [False] * 4 + [True, False]
