"""Channels: whose they are, and what may be asked of them."""

from typing import Any

import pytest
from quart import Quart

from quartapp.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from quartapp.extensions import db
from quartapp.models import Channel, Role, User, utcnow
from quartapp.models.channel import MAX_CHANNELS, clean_reminder
from quartapp.models.event import Topic
from quartapp.security import make_box
from quartapp.services.channel import (
    NO_ADDRESS,
    add_mail,
    add_test,
    add_webhook,
    change_secret,
    edit_channel,
    get_channel,
    open_secret,
    remove_channel,
    select_channels,
)
from tests.helpers import add_person
from tests.services.events import list_events
from tests.services.telling import (
    BOX,
    HOOK,
    add_hook,
    add_mail_channel,
    add_reader,
    load_channel,
    load_deliveries,
)
from tests.services.watching import watch


async def edit(channel: Channel, user: User, **changes: Any) -> Channel:
    async with db.begin() as session:
        row = await get_channel(session, channel.id, seen_by=user)
        return await edit_channel(session, row, user, **changes)


async def test_channels_are_listed_with_what_they_are_for(app: Quart) -> None:
    async with app.app_context():
        ann, (site,) = await add_reader(), await watch("http://a.example")
        await add_mail_channel(ann)
        await add_hook(ann, entity=site, topics=[Topic.BUG], remind_every=30)
        await add_mail_channel(await add_reader("bob"))
        async with db.read() as session:
            rows = list(await session.scalars(select_channels(ann)))

    usability, tamper, bug = Topic.USABILITY, Topic.TAMPER, Topic.BUG
    seen = [(row.kind, row.entity_id, row.host, row.wanted, row.remind_every) for row in rows]
    assert seen == [
        ("webhook", site.id, "hooks.example.org", [bug], 30),
        ("mail", None, "", [usability, tamper, bug], 0),
    ]
    assert [row.is_on for row in rows] == [True, True]


async def test_secret_is_kept_sealed_and_opens_with_its_key_alone(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        async with db.begin() as session:
            channel, secret = await add_webhook(session, ann, HOOK, BOX)

    assert secret.startswith("qs_")
    assert secret not in channel.sealed_secret
    assert open_secret(BOX, channel) == secret
    assert open_secret(make_box(["other"]), channel) is None


async def test_new_secret_takes_the_place_of_the_old_one(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        async with db.begin() as session:
            channel, old = await add_webhook(session, ann, HOOK, BOX)
            new = await change_secret(session, channel, ann, BOX)
        row, event = await load_channel(channel), (await list_events())[-1]

    assert (new[:3], len(new)) == ("qs_", len(old))
    assert open_secret(BOX, row) == new != old
    assert new not in row.sealed_secret
    assert event == ("ann", "channel-secret-changed", "ann", "webhook hooks.example.org", "")


async def test_mail_has_no_secret_to_change(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        channel = await add_mail_channel(ann)
        async with db.begin() as session:
            with pytest.raises(ConflictError, match="Mail has no secret"):
                await change_secret(session, channel, ann, BOX)
        assert (await load_channel(channel)).sealed_secret == ""


async def test_mail_needs_a_confirmed_address(app: Quart) -> None:
    async with app.app_context(), db.begin() as session:
        ann = await add_person(session, "ann")
        for email, confirmed_at in ((None, None), ("ann@example.org", None), (None, utcnow())):
            ann.email, ann.email_confirmed_at = email, confirmed_at
            with pytest.raises(ConflictError, match=NO_ADDRESS):
                await add_mail(session, ann)


async def test_viewers_have_mail_and_no_webhook(app: Quart) -> None:
    async with app.app_context():
        viewer = await add_reader(role=Role.VIEWER)
        await add_mail_channel(viewer)
        with pytest.raises(ForbiddenError):
            await add_hook(viewer)


async def test_nobody_has_more_than_enough_channels(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        for _ in range(MAX_CHANNELS):
            await add_mail_channel(ann)
        with pytest.raises(ConflictError, match="nobody may have more"):
            await add_hook(ann)
        await add_hook(await add_reader("bob"))


async def test_channel_of_another_is_not_there_not_even_for_administrators(app: Quart) -> None:
    async with app.app_context():
        channel = await add_mail_channel(await add_reader())
        boss = await add_reader("boss", Role.ADMIN)
        async with db.read() as session:
            with pytest.raises(NotFoundError):
                await get_channel(session, channel.id, seen_by=boss)


async def test_channel_is_edited(app: Quart) -> None:
    async with app.app_context():
        ann, (site,) = await add_reader(), await watch("http://a.example")
        channel = await add_hook(ann)
        given: dict[str, Any] = {"topics": [Topic.TAMPER], "is_on": False, "remind_every": 60}
        await edit(channel, ann, url="https://b.example/", entity=site, **given)
        row = await load_channel(channel)

    assert (row.url, row.host, row.entity_id) == ("https://b.example/", "b.example", site.id)
    assert (row.wanted, row.is_on, row.remind_every) == ([Topic.TAMPER], False, 60)


async def test_mail_goes_to_no_other_address(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        channel = await add_mail_channel(ann)
        with pytest.raises(InvalidError, match="your own address"):
            await edit(channel, ann, url=HOOK)


async def test_second_test_waits_for_the_first(app: Quart) -> None:
    async with app.app_context():
        channel = await add_mail_channel(ann := await add_reader())
        async with db.begin() as session:
            await add_test(session, channel, ann)
            with pytest.raises(ConflictError):
                await add_test(session, channel, ann)
        assert len(await load_deliveries(channel)) == 1


async def test_channel_that_is_off_is_not_tested(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        channel = await edit(await add_mail_channel(ann), ann, is_on=False)
        async with db.begin() as session:
            with pytest.raises(ConflictError, match="turn it on first"):
                await add_test(session, channel, ann)
        assert await load_deliveries(channel) == []


async def test_who_has_become_a_viewer_may_only_remove_a_webhook(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        hook, mail = await add_hook(ann), await add_mail_channel(ann)
        async with db.begin() as session:
            ann = await session.get_one(User, ann.id)
            ann.role = Role.VIEWER
        for changes in ({"url": "https://b.example/"}, {"is_on": False}, {"remind_every": 60}):
            with pytest.raises(ForbiddenError, match="Viewers are told by mail"):
                await edit(hook, ann, **changes)
        async with db.begin() as session:
            with pytest.raises(ForbiddenError):
                await change_secret(session, hook, ann, BOX)
            with pytest.raises(ForbiddenError):
                await add_test(session, hook, ann)
            await add_test(session, mail, ann)
        assert (await load_channel(hook)).url == HOOK
        assert (await edit(mail, ann, remind_every=60)).remind_every == 60
        async with db.begin() as session:
            await remove_channel(session, hook, ann)


async def test_what_is_done_to_channels_is_recorded_without_their_address(app: Quart) -> None:
    async with app.app_context():
        ann = await add_reader()
        channel = await add_hook(ann)
        async with db.begin() as session:
            await remove_channel(session, await get_channel(session, channel.id, seen_by=ann), ann)
        assert [(event.action, event.detail) for event in await list_events()] == [
            ("channel-added", "webhook hooks.example.org"),
            ("channel-removed", "webhook hooks.example.org"),
        ]


@pytest.mark.parametrize("minutes", [-1, 1, 4, 7 * 24 * 60 + 1])
def test_reminders_come_neither_at_once_nor_never(minutes: int) -> None:
    with pytest.raises(ValueError, match="5 to 10080 minutes"):
        clean_reminder(minutes)
    assert [clean_reminder(good) for good in (0, 5, 7 * 24 * 60)] == [0, 5, 7 * 24 * 60]
