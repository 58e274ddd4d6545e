from datetime import timedelta

from quart import Quart
from sqlalchemy import select, update

from quartapp.extensions import db
from quartapp.models import (
    ApiToken,
    AuditEvent,
    Delivery,
    KeptAnswer,
    Link,
    OutboxMessage,
    Purpose,
    User,
    UserSession,
    utcnow,
)
from quartapp.models.idempotency import KEPT_FOR
from quartapp.models.session import IDLE
from quartapp.services.link import add_link
from quartapp.services.prune import (
    DELIVERIES_KEPT,
    MAIL_KEPT,
    TOKEN_KEPT,
    count_past,
    prune_rows,
)
from quartapp.services.session import open_session
from quartapp.services.token import add_token
from tests.services.telling import add_mail_channel, add_reader, load_deliveries

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


async def prune(limit: int = 100) -> int:
    """Return how many rows went, those that were counted as past."""
    now = utcnow()
    async with db.begin() as session:
        past = await count_past(session, now)
        gone = await prune_rows(session, now=now, limit=limit)
    assert gone == {table: min(count, limit) for table, count in past.items()}
    return sum(gone.values())


async def add_sessions(user: User) -> None:
    past = utcnow() - SECOND
    for browser, values, remember in (
        ("awake", {"browser": "awake"}, False),
        ("idle", {"seen_at": past - IDLE}, False),
        ("asleep", {"seen_at": past - IDLE}, True),
        ("ended", {"expires_at": past}, True),
    ):
        async with db.begin() as session:
            await open_session(session, user, browser=browser, remember=remember)
            own = UserSession.browser == browser
            await session.execute(update(UserSession).where(own).values(**values))


async def add_links(user: User) -> None:
    async with db.begin() as session:
        await add_link(session, Purpose.RESET, user=user)
        await session.execute(update(Link).values(expires_at=utcnow() - SECOND))
        await add_link(session, Purpose.CONFIRM, user=user)


async def add_tokens(user: User) -> None:
    kept = {"new": SECOND, "expired": -TOKEN_KEPT + timedelta(minutes=1), "old": -TOKEN_KEPT}
    async with db.begin() as session:
        for name, life in kept.items():
            await add_token(session, user, name, life=life)


async def test_answers_are_kept_for_a_day(app: Quart, admin: User) -> None:
    old = utcnow() - KEPT_FOR
    async with app.app_context():
        async with db.begin() as session:
            for key, at in (("old", old), ("new", old + MINUTE)):
                given = {"key": key, "fingerprint": "0" * 64, "created_at": at}
                session.add(KeptAnswer(user_id=admin.id, **given))
        assert [await prune(), await prune()] == [1, 0]
        async with db.read() as session:
            assert list(await session.scalars(select(KeptAnswer.key))) == ["new"]


async def test_what_was_told_is_forgotten_later(app: Quart) -> None:
    async with app.app_context():
        channel = await add_mail_channel(await add_reader())
        old = utcnow() - DELIVERIES_KEPT
        given = {"channel_id": channel.id}
        async with db.begin() as session:
            session.add(Delivery(planned_at=old, due_at=None, sent_at=old, **given))
            session.add(Delivery(planned_at=old, due_at=old, last_error="waits", **given))
            session.add(Delivery(planned_at=old + MINUTE, due_at=None, last_error="new", **given))
        assert [await prune(), await prune()] == [1, 0]
        left = [row.last_error for row in await load_deliveries(channel)]

    assert left == ["waits", "new"]


async def test_mail_is_forgotten_later_but_not_what_still_waits(app: Quart) -> None:
    old, now = utcnow() - MAIL_KEPT, utcnow()
    async with app.app_context():
        async with db.begin() as session:
            for subject, at, due_at, end in (
                ("sent", old, None, {"sent_at": old}),
                ("failed", old, None, {"failed_at": old}),
                ("waits", old, now, {}),
                ("new", old + MINUTE, None, {"sent_at": old + MINUTE}),
            ):
                given = {"message_id": subject, "recipient": "ann@example.org", "text": ""}
                given |= {"subject": subject, "html": "", "created_at": at, "due_at": due_at}
                session.add(OutboxMessage(**given, **end))
        assert [await prune(), await prune()] == [2, 0]
        async with db.read() as session:
            left = await session.scalars(select(OutboxMessage.subject).order_by(OutboxMessage.id))
            assert list(left) == ["waits", "new"]


async def test_what_nobody_can_use_any_more_is_removed(app: Quart, admin: User) -> None:
    async with app.app_context():
        for add in (add_sessions, add_links, add_tokens):
            await add(admin)
        async with db.read() as session:
            events = list(await session.scalars(select(AuditEvent.id)))

        assert [await prune(), await prune()] == [4, 0]

        async with db.read() as session:
            for column, kept in (
                (UserSession.browser, ["asleep", "awake"]),
                (Link.purpose, [Purpose.CONFIRM]),
                (ApiToken.name, ["expired", "new"]),
                (User.name, ["admin"]),
            ):
                assert list(await session.scalars(select(column).order_by(column))) == kept
            assert list(await session.scalars(select(AuditEvent.id))) == events


async def test_so_many_are_removed_at_once_the_oldest_first(app: Quart, admin: User) -> None:
    async with app.app_context():
        async with db.begin() as session:
            for number in range(5):
                await add_token(session, admin, str(number), life=-TOKEN_KEPT - SECOND)
        assert await prune(limit=2) == 2
        async with db.read() as session:
            names = await session.scalars(select(ApiToken.name).order_by(ApiToken.id))
            assert list(names) == ["2", "3", "4"]
        assert [await prune(limit=2) for _ in range(3)] == [2, 1, 0]
