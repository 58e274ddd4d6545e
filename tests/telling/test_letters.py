"""Letters that tell of much at once."""

import re
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select, update

from quartapp.extensions import db
from quartapp.models import Channel, Delivery, Entity, EventKind, User, utcnow
from quartapp.services.channel import add_test
from quartapp.telling import letters
from quartapp.telling.teller import Teller
from tests.services.telling import (
    add_mail_channel,
    add_reader,
    go_down,
    happen,
    load_channel,
    load_deliveries,
)
from tests.telling.helpers import find_minutes, list_mails, list_subjects, make_due, work

MINUTE = timedelta(minutes=1)


async def make_first_due() -> None:
    """Let the time come of what has waited longest."""
    async with db.begin() as session:
        waits = select(func.min(Delivery.id)).where(Delivery.due_at.is_not(None))
        first = await session.scalar(waits)
        await session.execute(
            update(Delivery).where(Delivery.id == first).values(due_at=utcnow() - MINUTE)
        )


async def test_what_a_site_has_had_goes_in_one_letter_once_the_first_is_due(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        channel, other = await add_mail_channel(ann), await add_mail_channel(await add_reader("b"))
        events = [await happen(entity, EventKind.BUG_OPENED) for _ in range(15)]
        events.append(await happen(entity, EventKind.CHANGED))
        await work(teller)
        assert await list_mails() == []
        await make_first_due()
        await work(teller)
        (mail,), rows = await list_mails(), await load_deliveries(channel)
        states = {row.state for row in await load_deliveries(other)}

    assert (mail.recipient, mail.subject) == ("ann@example.org", "Site 1: 16 things happened")
    for part in (mail.text, mail.html):
        lines = re.findall(r"[-0-9]+ [:0-9]+ UTC: [.a-z]+", part)
        assert lines == [f"{event.at:%Y-%m-%d %H:%M} UTC: {event.title}" for event in events]
        for once in ("http://a.example", "/entities/site-1/timeline", "/account/channels"):
            assert part.count(once) == 1
    assert ({row.state for row in rows}, len(rows), states) == ({"sent"}, 16, {"waiting"})
    assert {row.sent_at for row in rows} == {rows[0].sent_at}


async def test_letter_tells_of_several_sites_and_leaves_out_what_is_not_to_be_told(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        await add_mail_channel(ann)
        off = await add_mail_channel(ann)
        async with db.begin() as session:
            other = Entity(name="<i>Other</i>", slug="other", url="http://b.example")
            session.add(other)
        for site in (entity, other, entity):
            await happen(site, EventKind.CHANGED)
        async with db.begin() as session:
            (await session.get_one(Channel, off.id)).is_on = False
        await make_due()
        await work(teller)
        (mail,) = await list_mails()
        assert await load_deliveries(off) == []

    assert mail.subject == "3 things happened at 2 sites"
    places = [mail.text.index(part) for part in ("a.example", "<i>Other</i>\n", "b.example")]
    assert places == sorted(places)
    assert mail.text.count("tamper.changed") == mail.html.count("tamper.changed") == 3
    assert "<i>" not in mail.html


async def test_outage_and_test_neither_wait_nor_share_a_letter(
    app: Quart, entity: Entity, ann: User, teller: Teller
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        for _ in range(2):
            await happen(entity, EventKind.BUG_OPENED)
        await go_down(entity)
        async with db.begin() as session:
            await add_test(session, channel, ann)
        await work(teller)
        at_once = await list_subjects()
        await make_due()
        await work(teller)
        later = (await list_subjects())[2:]

    assert at_once == ["Site 1: usability.down", "This is a test"]
    assert later == ["Site 1: 2 things happened"]


async def test_letter_that_cannot_be_written_is_told_one_by_one(
    app: Quart, entity: Entity, ann: User, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann)
        for kind in (EventKind.CHANGED, EventKind.MISSING):
            await happen(entity, kind)
        await make_due()
        with monkeypatch.context() as patch:
            patch.setattr(letters, "group_by_site", None)
            await work(teller)
        rows, row = await load_deliveries(channel), await load_channel(channel)
        await happen(entity, EventKind.BUG_OPENED)
        await make_due()
        await work(teller)
        subjects, after = await list_subjects(), await load_channel(channel)

    assert [(row.last_error, row.attempts, row.state) for row in rows] == [
        (letters.DEFECT, 1, "waiting")
    ] * 2
    assert row.last_error == letters.DEFECT
    assert [find_minutes(row) for row in rows] == [1, 1]
    assert sorted(subjects) == [
        "Site 1: bug.opened",
        "Site 1: tamper.changed",
        "Site 1: tamper.missing",
    ]
    assert after.last_error == ""
