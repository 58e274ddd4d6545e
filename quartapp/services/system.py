"""How the whole does, in a statement for each kind of work and one for the database."""

from datetime import datetime

from sqlalchemy import and_, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Check, Delivery, OutboxMessage
from quartapp.models.check import MAX_CRASHES
from quartapp.models.system import DatabaseFacts, Lease, Queue, Work

FACTS = {
    "sqlite": (
        "SELECT sqlite_version(), page_count * page_size FROM pragma_page_count, pragma_page_size"
    ),
    "postgresql": (
        "SELECT current_setting('server_version'), pg_database_size(current_database())"
    ),
    "mysql": (
        "SELECT VERSION(), SUM(data_length + index_length) FROM information_schema.tables"
        " WHERE table_schema = DATABASE()"
    ),
}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


async def describe_work(session: AsyncSession, now: datetime) -> tuple[list[Queue], list[Lease]]:
    """Return what waits, for each kind of work, and who holds what."""
    counted = [
        await count_looks(session, now),
        await count_claims(session, Work.MAIL, OutboxMessage, now),
        await count_claims(session, Work.TELLING, Delivery, now),
    ]
    return [queue for queue, _ in counted], [lease for _, held in counted for lease in held]


async def count_looks(session: AsyncSession, now: datetime) -> tuple[Queue, list[Lease]]:
    """Count looks: one that is claimed has not come back yet, and is due when its lease ends."""
    is_held = and_(Check.due_at > now, Check.crashes.between(1, MAX_CRASHES))
    is_due = Check.due_at <= now
    counted = select(
        func.count(case((is_due, 1))),
        func.min(case((is_due, Check.due_at))),
        func.count(case((is_held, 1))),
        func.max(case((is_held, Check.due_at))),
        func.count(Check.due_at),
    )
    due, oldest, held, until, planned = (await session.execute(counted)).one()
    queue = Queue(Work.LOOKS, due, oldest, find_lateness(oldest, now), planned - due - held)
    return queue, [Lease(Work.LOOKS, "", held, until)] if held else []


async def count_claims(
    session: AsyncSession, work: Work, table: type[OutboxMessage | Delivery], now: datetime
) -> tuple[Queue, list[Lease]]:
    """Count what is not finished by who has claimed it; what one has claimed is due at once."""
    is_due = table.due_at <= now
    counted = select(
        table.claimed_by,
        func.count(),
        func.count(case((is_due, 1))),
        func.min(case((is_due, table.due_at))),
        func.max(table.due_at),
    )
    query = counted.where(table.due_at.is_not(None)).group_by(table.claimed_by)
    rows = (await session.execute(query)).all()
    held = [Lease(work, by, count, until) for by, count, due, _, until in rows if by and not due]
    oldest = min((row[3] for row in rows if row[3]), default=None)
    due = sum(row[2] for row in rows)
    later = sum(row[1] - row[2] for row in rows if not row[0])
    queue = Queue(work, due, oldest, find_lateness(oldest, now), later)
    return queue, sorted(held, key=lambda lease: lease.until)


def find_lateness(oldest: datetime | None, now: datetime) -> float:
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


async def describe_database(session: AsyncSession) -> DatabaseFacts:
    """Tell what kind of database it is, its version and its size; no name, no address."""
    dialect = session.get_bind().dialect.name.replace("mariadb", "mysql")
    version, size = (await session.execute(text(FACTS[dialect]))).one()
    family = "MariaDB" if "MariaDB" in version else "MySQL"
    return DatabaseFacts(NAMES.get(dialect, family), version, int(size or 0))
