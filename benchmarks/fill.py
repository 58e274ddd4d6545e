"""What the database holds while it is measured: 10,000 sites, as if watched for long."""

import logging
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.models import Role, Scope, utcnow
from quartapp.models.rollup import DAY, start_day, start_hour
from quartapp.security import hash_password
from quartapp.services.retention import make_partition, make_partitions
from quartapp.services.token import add_token
from quartapp.services.user import add_user

SITES, LOOKS, COMMENTS = 10_000, 50, 5  # in all, of each site in 24 hours, on each site
OWNERS, PUBLIC = 20, 50  # people; of so many sites one is on the status page
STEP = 86_400 // LOOKS  # s between two looks

# The first person is who asks. One in 97 is down for two hours, one in 31 was away for one hour.
STATEMENTS = [
    """INSERT INTO "user" (name, password_hash, role, created_at, updated_at)
    SELECT 'person ' || n, '', 'editor', :now, :now FROM generate_series(2, :owners) n""",
    """INSERT INTO entity (name, slug, url, content, is_public, owner_id, created_at, updated_at)
    SELECT 'Site ' || lpad(n::text, 7, '0'), 'site-' || lpad(n::text, 7, '0'),
    'https://' || n || '.example.org/', repeat('Some words about it, no more. ', 10),
    n % :public = 0, 1 + n % :owners, :now, :now FROM generate_series(1, :sites) n""",
    """INSERT INTO outage (entity_id, started_at, ended_at, reason, cause, created_at, updated_at)
    SELECT id, :now - interval '2 hours', NULL, 'status', 'It said 500.', :now, :now
    FROM entity WHERE id % 97 = 0""",
    """INSERT INTO outage (entity_id, started_at, ended_at, reason, cause, created_at, updated_at)
    SELECT id, :now - interval '9 hours', :now - interval '8 hours', 'status', 'It said 500.',
    :now, :now FROM entity WHERE id % 31 = 0""",
    """INSERT INTO "check" (entity_id, host, interval, down_after, up_after, statuses, present,
    absent, json_path, json_value, slot_at, due_at, fence, crashes, state, state_since, streak,
    outage_id, looked_at, created_at, updated_at)
    SELECT e.id, e.id || '.example.org', :step, 3, 2, '200-399', '', '', '', '',
    :now + interval '1 day', :now + interval '1 day', 1, 0,
    CASE WHEN o.id IS NULL THEN 'up' ELSE 'down' END, :now - interval '2 hours', 0, o.id, :now,
    :now, :now FROM entity e LEFT JOIN outage o ON o.entity_id = e.id AND o.ended_at IS NULL""",
    """INSERT INTO comment (body, entity_id, author_id, created_at, updated_at)
    SELECT 'It answers as it should, as far as I can see.', e.id, e.owner_id, :now, :now
    FROM entity e, generate_series(1, :comments)""",
    """INSERT INTO result (entity_id, slot_at, started_at, outcome, reason, detail, state, status,
    waited, total) SELECT id, at, at, CASE WHEN is_out THEN 'fail' ELSE 'ok' END,
    CASE WHEN is_out THEN 'status' ELSE '' END, '', CASE WHEN is_out THEN 'down' ELSE 'up' END,
    CASE WHEN is_out THEN 500 ELSE 200 END, 0, total FROM (
    SELECT e.id, at, (e.id % 97 = 0 AND at > :now - interval '2 hours') OR (e.id % 31 = 0 AND
    at BETWEEN :now - interval '9 hours' AND :now - interval '8 hours') AS is_out,
    0.05 + (e.id * 7919 + k * 104729) % 1000 / 2000.0 AS total
    FROM entity e CROSS JOIN generate_series(0, :looks - 1) k CROSS JOIN LATERAL (
    SELECT :now - make_interval(secs => k * :step + e.id * 13 % :step) AS at) s) r""",
    """INSERT INTO hourly (entity_id, start_at, ok, fail, error, up, down, maintenance,
    latency_total, latency_least, latency_most, latency_buckets)
    SELECT e.id, :hour - make_interval(hours => k), 2, 0, 0, 3600, 0, 0, 0.4, 0.2, 0.2, '62:2'
    FROM entity e, generate_series(1, 24) k""",
    """INSERT INTO daily (entity_id, start_at, ok, fail, error, up, down, maintenance,
    latency_total, latency_least, latency_most, latency_buckets)
    SELECT e.id, :day - make_interval(days => k), 50, 0, 0, 86400 - down, down, 0, 10, 0.2, 0.2,
    '62:50' FROM entity e CROSS JOIN generate_series(1, 90) k CROSS JOIN LATERAL (
    SELECT CASE WHEN (e.id / :public + k) % 30 = 0 THEN 5000 ELSE 0 END AS down) d
    WHERE e.is_public""",
    """INSERT INTO rolled (entity_id, until) SELECT id, :hour FROM entity""",
    """INSERT INTO glance (entity_id, at, days, means) SELECT e.id, :hour,
    (SELECT string_agg(CASE WHEN (e.id / :public + k) % 30 = 0 THEN 'd' ELSE 'u' END, ''
    ORDER BY k DESC) FROM generate_series(1, 89) k), repeat('200,', 23) || '200' FROM entity e
    WHERE e.is_public""",
]


@dataclass(frozen=True)
class Data:
    """Where it is, who may ask, and up to which id the sites were there from the start."""

    url: str
    token: str
    sites: int


async def fill(url: str, sites: int = SITES) -> Data:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    engine = make_engine(parse_url(url))
    await upgrade(engine)
    now = utcnow()
    values: dict[str, int | datetime] = {
        "now": now,
        "hour": start_hour(now),
        "day": start_day(now),
        "sites": sites,
        "looks": LOOKS,
        "comments": COMMENTS,
        "owners": OWNERS,
        "public": PUBLIC,
        "step": STEP,
    }
    async with AsyncSession(engine) as session, session.begin():
        await make_partition(session, (now - DAY).date())
        await make_partitions(session, now.date())
        token = await add_reader(session)
    await engine.dispose()
    await tell(url, *[write_values(statement, values) for statement in STATEMENTS])
    await tell(url, "VACUUM ANALYZE")
    return Data(url, token, sites)


async def tell(url: str, *statements: str) -> None:
    """Run statements that take longer than the application would wait."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def forget_new(data: Data) -> None:
    """Remove the sites that were added while it was measured."""
    await tell(data.url, f"DELETE FROM entity WHERE id > {data.sites}")
    await tell(data.url, 'VACUUM entity, "check"')


def write_values(statement: str, values: dict[str, int | datetime]) -> str:
    """Put them in as literals: where a moment is taken from, a parameter has no type."""
    for name, value in values.items():
        literal = f"timestamptz '{value}'" if isinstance(value, datetime) else str(value)
        statement = statement.replace(f":{name}", literal)
    return statement


async def add_reader(session: AsyncSession) -> str:
    password_hash = await hash_password("correct horse battery staple")
    user = await add_user(session, name="bench", password_hash=password_hash, role=Role.EDITOR)
    token, _ = await add_token(session, user, "bench", scope=Scope.WRITE)
    return token
