from datetime import datetime, timedelta

from quart import Quart
from sqlalchemy import update

from quartapp.extensions import db
from quartapp.models import Check, Entity, OutboxMessage, utcnow
from quartapp.models.check import MAX_CRASHES
from quartapp.models.system import Lease, Queue, Work
from quartapp.services.outbox import claim_messages
from quartapp.services.system import describe_database, describe_work
from tests.helpers import queries
from tests.mail.helpers import add_mail
from tests.services.watching import LEASE, claim, watch

HOUR = timedelta(hours=1)
EMPTY = [Queue(work, 0, None, 0.0, 0) for work in Work]


async def describe(now: datetime) -> tuple[list[Queue], list[Lease]]:
    async with db.read() as session:
        return await describe_work(session, now)


async def plan_mail(*dues: datetime) -> None:
    for number, due in enumerate(dues):
        await add_mail(subject=f"{number}")
        async with db.begin() as session:
            one = OutboxMessage.subject == f"{number}"
            await session.execute(update(OutboxMessage).where(one).values(due_at=due))


async def test_nothing_waits_where_there_is_nothing(app: Quart) -> None:
    async with app.app_context():
        assert await describe(utcnow()) == (EMPTY, [])


async def test_looks_are_due_held_or_planned(app: Quart) -> None:
    async with app.app_context():
        await watch(*(f"http://{letter}.example" for letter in "abcde"))
        now = utcnow() + timedelta(seconds=1)
        held = await claim(now, limit=2)
        async with db.begin() as session:
            for crashes, ids in ((0, 3), (MAX_CRASHES + 1, 4)):
                values = {"due_at": now + HOUR, "crashes": crashes}
                one = Check.host == f"{'abcde'[ids]}.example"
                await session.execute(update(Check).where(one).values(values))
            one = Check.host == "c.example"
            await session.execute(update(Check).where(one).values(due_at=now - HOUR))
        queues, leases = await describe(now)
        later = (await describe(now + LEASE))[0][0]

    assert len(held) == 2
    assert queues == [Queue(Work.LOOKS, 1, now - HOUR, 3600.0, 2), *EMPTY[1:]]
    assert leases == [Lease(Work.LOOKS, "", 2, now + LEASE)]
    assert later == Queue(Work.LOOKS, 3, now - HOUR, 3600.0 + LEASE.total_seconds(), 2)


async def test_mail_is_due_held_or_planned(app: Quart) -> None:
    async with app.app_context():
        now = utcnow()
        await plan_mail(now - HOUR, now - 2 * HOUR, now + HOUR)
        async with db.begin() as session:
            (first,) = await claim_messages(session, now=now, lease=LEASE, limit=1)
        queues, leases = await describe(now)
        ended = await describe(now + LEASE)

    assert queues == [EMPTY[0], Queue(Work.MAIL, 1, now - HOUR, 3600.0, 1), EMPTY[2]]
    assert leases == [Lease(Work.MAIL, str(first.claimed_by), 1, now + LEASE)]
    late = 3600.0 + LEASE.total_seconds()
    assert ended == ([EMPTY[0], Queue(Work.MAIL, 2, now - HOUR, late, 1), EMPTY[2]], [])


async def test_work_costs_a_statement_each(app: Quart, entity: Entity) -> None:
    async with app.app_context():
        await plan_mail(utcnow(), utcnow(), utcnow())
        with queries(db.engine) as sent:
            await describe(utcnow())
    assert len([statement for statement in sent if "BEGIN" not in statement]) == 3


async def test_database_is_named_with_its_version_and_size(app: Quart, database_kind: str) -> None:
    names = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mariadb": "MariaDB"}
    async with app.app_context(), db.read() as session:
        facts = await describe_database(session)
    assert facts.kind == names[database_kind]
    assert facts.version[0].isdigit()
    assert facts.size > 50_000
