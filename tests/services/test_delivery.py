"""Who is to be told of an event: added in its transaction, for whom it may concern."""

from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import (
    Channel,
    Entity,
    EventKind,
    User,
    utcnow,
)
from quartapp.models.channel import GATHER_TIME
from quartapp.models.event import Topic
from quartapp.models.look import Reason
from quartapp.services.event import add_event
from tests.helpers import queries
from tests.services.telling import (
    add_hook,
    add_mail_channel,
    add_reader,
    come_up,
    count_deliveries,
    go_down,
    happen,
    load_deliveries,
    mark,
    mark_told,
    show,
)
from tests.services.watching import look

MINUTE = timedelta(minutes=1)


async def test_event_is_told_with_the_commit_that_adds_it(
    app: Quart, entity: Entity, ann: User
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        async with db.begin() as session:
            await add_event(session, entity.id, EventKind.DOWN, utcnow(), "It is down")
            await session.rollback()
        assert await load_deliveries(channel) == []
        event = await happen(entity, EventKind.CERTIFICATE)
        (row,) = await load_deliveries(channel)

    assert (row.event_id, row.number, row.state, row.until_id) == (event.id, 0, "waiting", None)


async def test_mail_alone_waits_for_more_to_tell_and_never_of_an_outage(
    app: Quart, entity: Entity, ann: User
) -> None:
    async with app.app_context():
        mail, hook = await add_mail_channel(ann), await add_hook(ann)
        start = utcnow()
        await go_down(entity)
        await happen(entity, EventKind.BUG_OPENED)
        end = utcnow()
        rows = [*await load_deliveries(mail), *await load_deliveries(hook)]

    waits = [row.due_at is not None and row.due_at > end for row in rows]
    assert waits == [False, True, False, False]
    assert rows[1].due_at == rows[1].planned_at
    assert start + GATHER_TIME <= rows[1].planned_at <= end + GATHER_TIME


async def test_any_number_of_channels_costs_one_statement(
    app: Quart, entity: Entity, ann: User
) -> None:
    async with app.app_context():
        for _ in range(5):
            await add_mail_channel(ann)
        with queries(db.engine) as sent:
            await happen(entity, EventKind.BUG_OPENED)
        assert [text.split()[0] for text in sent if "delivery" in text] == ["INSERT"]
        assert await count_deliveries() == 5


@pytest.mark.parametrize("kind", list(EventKind))
async def test_people_are_told_of_what_calls_for_them(
    app: Quart, entity: Entity, ann: User, kind: EventKind
) -> None:
    told = {"down", "certificate", "changed", "missing", "opened"}  # an end alone is none
    async with app.app_context():
        await add_mail_channel(ann)
        await happen(entity, kind)
        is_told = kind.partition(".")[2] in told and kind != EventKind.BUG_CHANGED
        assert await count_deliveries() == is_told


async def test_channel_gets_its_own_site_and_topics_alone(
    app: Quart, entity: Entity, ann: User
) -> None:
    async with app.app_context():
        async with db.begin() as session:
            other = Entity(name="Other", slug="other", url="http://b.example")
            session.add(other)
        of_site = await add_mail_channel(ann, entity=entity)
        of_bugs = await add_hook(ann, topics=[Topic.BUG])
        for site in (entity, other):
            await happen(site, EventKind.CHANGED)
            await happen(site, EventKind.BUG_OPENED)
        seen = [
            [(row.event and row.event.entity_id, row.event and row.event.kind) for row in rows]
            for rows in [await load_deliveries(channel) for channel in (of_site, of_bugs)]
        ]

    changed, opened = EventKind.CHANGED, EventKind.BUG_OPENED
    assert seen == [
        [(entity.id, changed), (entity.id, opened)],
        [(entity.id, opened), (other.id, opened)],
    ]


async def test_who_may_not_come_in_or_has_turned_it_off_is_not_told(
    app: Quart, entity: Entity
) -> None:
    async with app.app_context():
        gone, off, demoted = [await add_reader(name) for name in ("gone", "off", "demoted")]
        for person in (gone, off):
            await add_mail_channel(person)
        kept = await add_mail_channel(demoted)
        await add_hook(demoted)
        async with db.begin() as session:
            for user, values in ((gone, {"disabled_at": utcnow()}), (demoted, {"role": "viewer"})):
                await session.execute(update(User).where(User.id == user.id).values(values))
            turned_off = update(Channel).where(Channel.user_id == off.id).values(is_on=False)
            await session.execute(turned_off)
        await happen(entity, EventKind.MISSING)

        assert await count_deliveries() == len(await load_deliveries(kept)) == 1


# --- the end of an outage


async def test_up_is_told_to_who_was_told_down(app: Quart, entity: Entity, ann: User) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        told = await add_mail_channel(ann)
        for number in range(3):
            await look(start + number * 7 * MINUTE, Reason.CONNECT)
        await mark_told()
        late = await add_mail_channel(ann)
        for number in range(3, 5):
            await look(start + number * 7 * MINUTE)
        rows, none = await load_deliveries(told), await load_deliveries(late)

    assert show(rows) == [("usability.down", 0, "sent"), ("usability.up", 0, "waiting")]
    assert [row.event.title for row in rows if row.event] == [
        "It is down",
        "Up again after 21 minutes",
    ]
    assert none == []


async def test_outage_that_is_over_before_it_was_told_is_not_told(
    app: Quart, entity: Entity, ann: User
) -> None:
    async with app.app_context():
        await add_mail_channel(ann)
        outage = await go_down(entity)
        assert await count_deliveries() == 1
        await come_up(entity, outage)
        assert await count_deliveries() == 0


async def test_up_follows_a_down_that_is_just_being_told(
    app: Quart, entity: Entity, ann: User
) -> None:
    async with app.app_context():
        channel = await add_hook(ann)
        outage = await go_down(entity)
        await mark(claimed_by="a teller", due_at=utcnow() + MINUTE)
        await come_up(entity, outage)
        assert show(await load_deliveries(channel)) == [
            ("usability.down", 0, "waiting"),
            ("usability.up", 0, "waiting"),
        ]


async def test_who_could_not_be_told_down_is_not_told_up(
    app: Quart, entity: Entity, ann: User
) -> None:
    async with app.app_context():
        channel = await add_hook(ann)
        outage = await go_down(entity)
        await mark(failed_at=utcnow(), due_at=None)
        await come_up(entity, outage)
        assert show(await load_deliveries(channel)) == [("usability.down", 0, "failed")]
