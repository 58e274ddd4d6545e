"""What people get by mail, and when they are reminded."""

import asyncio
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Check, Delivery, Entity, EventKind, State, User, utcnow
from quartapp.models.channel import MIN_REMINDER
from quartapp.models.look import Reason
from quartapp.models.usability import HELD
from quartapp.services.channel import NO_ADDRESS, add_test, edit_channel, get_channel
from quartapp.telling import letters
from quartapp.telling.teller import Teller
from tests.services.telling import (
    add_mail_channel,
    come_up,
    go_down,
    happen,
    load_channel,
    load_deliveries,
    show,
)
from tests.services.watching import look
from tests.telling.helpers import find_minutes, list_mails, list_subjects, make_due, work

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def test_outage_is_told_from_its_beginning_to_its_end(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    start = utcnow() + timedelta(seconds=1)
    async with app.app_context():
        channel = await add_mail_channel(ann)
        for number in range(5):
            reason = Reason.CONNECT if number < 2 + 1 else None
            await look(start + number * 7 * MINUTE / 1.5, reason)
            await work(teller)
        mails, row = await list_mails(), await load_channel(channel)

    assert [(mail.recipient, mail.subject) for mail in mails] == [
        ("ann@example.org", "Site 1: It is down"),
        ("ann@example.org", "Site 1: Up again after 14 minutes"),
    ]
    for part in (mails[0].text, mails[0].html):
        assert "http://a.example" in part
        assert "It was connect." in part
        assert f"At {start:%Y-%m-%d %H:%M} UTC" in part
        assert "http://127.0.0.1:5000/entities/site-1/timeline" in part
        assert "http://127.0.0.1:5000/account/channels" in part
    assert (row.last_error, row.last_sent_at is not None) == ("", True)


async def test_two_tellers_write_one_mail(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    other = Teller(teller.client, teller.box)
    async with app.app_context():
        for _ in range(15):
            await add_mail_channel(ann)
        await happen(entity, EventKind.CHANGED)
        await make_due()
        await work(teller, other)
        assert len(await list_mails()) == 15


async def test_mail_and_its_record_are_one_transaction(
    app: Quart, entity: Entity, ann: User, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        raise asyncio.CancelledError

    async with app.app_context():
        channel = await add_mail_channel(ann)
        await happen(entity, EventKind.CHANGED)
        await make_due()
        with monkeypatch.context() as patch:
            patch.setattr(letters, "record_told", die)
            with pytest.raises(asyncio.CancelledError):
                await letters.tell_by_mail()
        assert await list_mails() == []
        await work(teller)
        assert (await list_subjects(), show(await load_deliveries(channel))) == (
            ["Site 1: tamper.changed"],
            [("tamper.changed", 0, "sent")],
        )


async def test_who_has_no_confirmed_address_any_more_is_told_so(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        await happen(entity, EventKind.CHANGED)
        async with db.begin() as session:
            await session.execute(update(User).values(email_confirmed_at=None))
        await make_due()
        await work(teller)
        row, rows = await load_channel(channel), await load_deliveries(channel)
        assert await list_mails() == []

    assert (row.last_error, show(rows)) == (NO_ADDRESS, [("tamper.changed", 0, "failed")])


async def test_who_was_disabled_meanwhile_is_not_told(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        await happen(entity, EventKind.CHANGED)
        async with db.begin() as session:
            await session.execute(update(User).values(disabled_at=utcnow()))
        await make_due()
        await work(teller)
        assert await load_deliveries(channel) == []
        assert await list_mails() == []


async def test_name_of_a_site_adds_nothing_to_a_mail(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        await add_mail_channel(ann)
        async with db.begin() as session:
            await session.execute(update(Entity).values(name="<b>=?utf-8?q?x?="))
        await happen(entity, EventKind.CHANGED)
        await make_due()
        await work(teller)
        (mail,) = await list_mails()

    assert mail.subject == "<b>= ?utf-8?q?x?=: tamper.changed"
    assert "&lt;b&gt;" in mail.html
    assert "<b>" not in mail.html


async def test_test_is_mailed(app: Quart, ann: User, teller: Teller) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        async with db.begin() as session:
            await add_test(session, channel, ann)
        await work(teller)
        (mail,) = await list_mails()

    assert mail.subject == "This is a test"
    assert "This channel works." in mail.text
    assert "This channel works." in mail.html


# --- reminders


async def test_outage_that_lasts_is_told_again_until_it_ends(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann, remind_every=60)
        outage = await go_down(entity, utcnow() - 2 * HOUR)
        await work(teller)
        _, first = await load_deliveries(channel)
        assert first.due_at is not None
        assert HOUR - MINUTE < first.due_at - utcnow() <= HOUR
        for _ in range(2):
            await make_due()
            await work(teller)
        await come_up(entity, outage)
        await make_due()
        await work(teller)
        rows = await load_deliveries(channel)
        subjects = await list_subjects()

    assert show(rows) == [
        ("usability.down", 0, "sent"),
        ("usability.down", 1, "sent"),
        ("usability.down", 2, "sent"),
        ("usability.up", 0, "sent"),
    ]
    still = "Site 1: It is still down, for 2 hours"
    assert subjects == [
        "Site 1: usability.down",
        *[still] * 2,
        "Site 1: usability.up",
    ]


@pytest.mark.parametrize("state", sorted(HELD))
async def test_nobody_is_reminded_while_a_site_rests_and_again_afterwards(
    app: Quart, entity: Entity, ann: User, teller: Teller, state: State
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann, remind_every=60)
        await go_down(entity)
        await work(teller)
        await stand(state)
        for _ in range(2):
            await make_due()
            await work(teller)
        told, reminder = await load_deliveries(channel)
        assert len(await list_mails()) == 1
        await stand(State.DOWN)
        await make_due()
        await work(teller)
        rows = await load_deliveries(channel)

    assert (told.state, reminder.number, reminder.attempts) == ("sent", 1, 0)
    assert (find_minutes(reminder), reminder.planned_at) == (MIN_REMINDER, reminder.due_at)
    assert [(row.number, row.state) for row in rows] == [(0, "sent"), (1, "sent"), (2, "waiting")]


async def stand(state: State) -> None:
    async with db.begin() as session:
        await session.execute(update(Check).values(state=state))


async def test_nobody_is_reminded_unasked(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        await go_down(entity)
        await work(teller)
        assert show(await load_deliveries(channel)) == [("usability.down", 0, "sent")]


async def test_new_pace_counts_for_an_outage_that_lasts(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        await go_down(entity)
        await work(teller)
        seen = []
        for pace in (60, 5, 0):
            async with db.begin() as session:
                row = await get_channel(session, channel.id, seen_by=ann)
                await edit_channel(session, row, ann, remind_every=pace)
            reminders = [row for row in await load_deliveries(channel) if row.number]
            seen.append([(row.number, find_minutes(row)) for row in reminders])

    assert seen == [[(1, 60)], [(1, 5)], []]


# --- digests


async def test_digest_tells_what_happened_and_where_it_stands(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    start = utcnow() - 50 * MINUTE
    async with app.app_context():
        channel = await add_mail_channel(ann, remind_every=60)
        for number in range(3):
            outage = await go_down(entity, start + 10 * number * MINUTE)
            await work(teller)
            if number < 2:
                await come_up(entity, outage, start + (10 * number + 5) * MINUTE)
                await work(teller)
        await come_up(entity, outage, start + 25 * MINUTE)
        await go_down(entity, start + 30 * MINUTE)
        await work(teller)
        assert len(await list_mails()) == 4
        async with db.begin() as session:
            digest = Delivery.until_id.is_not(None)
            await session.execute(update(Delivery).where(digest).values(due_at=utcnow()))
        await work(teller)
        mail = (await list_mails())[-1]
        rows = await load_deliveries(channel)

    assert mail.subject == (
        "Site 1: It went down or came back 3 times within 1 hour, and is down now"
    )
    turns = [line for line in mail.text.splitlines() if "UTC: " in line]
    assert [line.partition("UTC: ")[2] for line in turns] == [
        "usability.down",
        "usability.up",
        "usability.down",
    ]
    assert mail.html.count("<li>") == 3
    assert show(rows)[-2:] == [("usability.down", 0, "sent"), ("usability.down", 1, "waiting")]
