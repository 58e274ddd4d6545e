"""What the first page costs with 1,000 sites that have 90 days of history each.

Run it on a calm machine: `python -m benchmarks.dashboard`. It starts PostgreSQL and one
`quart serve`, and asks for the page over one connection. Exits 1 when a limit is not held.
"""

import asyncio
import json
import os
import random
import statistics
import sys
from http.client import HTTPConnection
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.logins import is_alive
from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.models import Entity, Role, Scope, State, daily, glance, hourly, utcnow
from quartapp.models.rollup import DAY, HOUR, start_day, start_hour
from quartapp.security import hash_password
from quartapp.services.check import make_check
from quartapp.services.glance import keep_glances
from quartapp.services.token import add_token
from quartapp.services.user import add_user
from tests.databases import create_database, start_postgres
from tests.processes import IMPORTS, free_port, make_folder, running

SITES, ROUNDS = 1_000, 40
MOST_CPU, MOST_BYTES = 0.150, 300_000  # s of the server, for one page
EVIDENCE = Path(__file__).parent.parent / "docs" / "evidence" / "dashboard.json"
LOOKS = {"ok": 60, "fail": 0, "error": 0, "maintenance": 0.0}
LATENCY = {"latency_least": 0.1, "latency_most": 0.5, "latency_buckets": ""}


async def fill(url: str) -> str:
    """Make sites with a history; return the token of who may see them."""
    engine = make_engine(parse_url(url))
    await upgrade(engine)
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        password_hash = await hash_password("correct horse battery staple")
        user = await add_user(session, name="owner", password_hash=password_hash, role=Role.ADMIN)
        token, _ = await add_token(session, user, name="benchmark", scope=Scope.READ)
        await add_sites(session)
        ids = list(await session.scalars(select(Entity.id)))
        hour = start_hour(utcnow())
        for id in ids:
            await session.execute(insert(daily), make_days(id))
            await session.execute(insert(hourly), make_hours(id))
        for start in range(0, SITES, 25):
            await keep_glances(session, dict.fromkeys(ids[start : start + 25], hour))
        count = len((await session.execute(select(glance.c.entity_id))).all())
    await engine.dispose()
    assert count == SITES, count
    return token


async def add_sites(session: AsyncSession) -> None:
    states = [State.UP] * 20 + [State.DOWN, State.SUSPECT, State.PAUSED]
    for number in range(SITES):
        name, url = f"Site number {number}", f"https://{number}.example/"
        site = Entity(name=name, slug=f"site-number-{number}", url=url, content="")
        session.add(site)
        await session.flush()
        check = make_check(site, utcnow())
        check.state, check.looked_at = random.choice(states), utcnow()
        session.add(check)


def make_days(entity_id: int) -> list[dict[str, object]]:
    """Return 90 days, some of them with an outage."""
    today = start_day(utcnow())
    shared = {"entity_id": entity_id, **LOOKS, **LATENCY, "latency_total": 12.0}
    return [
        {**shared, "start_at": today - ago * DAY, "down": down, "up": 86_400.0 - down}
        for ago in range(1, 91)
        for down in [random.choice([0.0] * 60 + [50.0, 5_000.0])]
    ]


def make_hours(entity_id: int) -> list[dict[str, object]]:
    hour = start_hour(utcnow())
    shared = {"entity_id": entity_id, **LOOKS, **LATENCY, "up": 3_600.0, "down": 0.0}
    return [
        {**shared, "start_at": hour - ago * HOUR, "latency_total": 60 * random.uniform(0.05, 0.5)}
        for ago in range(1, 25)
    ]


def read_cpu(pid: int) -> float:
    """Return the seconds that a process has worked."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def measure(port: int, pid: int, token: str) -> dict[str, float]:
    connection = HTTPConnection("127.0.0.1", port)
    sizes = []

    def ask() -> None:
        connection.request("GET", "/", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        page = answer.read()
        assert answer.status == 200, (answer.status, page[:300])
        sizes.append(len(page))

    ask()  # the first one compiles the statement and the template
    parts = []
    for _ in range(5):
        before = read_cpu(pid)
        for _ in range(ROUNDS // 5):
            ask()
        parts.append((read_cpu(pid) - before) / (ROUNDS // 5))
    return {"sites": SITES, "bytes": max(sizes), "cpu_seconds": statistics.median(parts)}


def main() -> int:
    random.seed(1)
    port = free_port()
    command = [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "serve"]
    with start_postgres() as postgres, make_folder() as folder:
        url = create_database(postgres)
        token = asyncio.run(fill(url))
        env = {**IMPORTS, "DATABASE_URL": url, "RATE_LIMITS": "0", "INSTANCE_PATH": str(folder)}
        env["APP_SETTINGS"] = "dev"
        with running(
            folder,
            [*command, "--bind", f"127.0.0.1:{port}"],
            lambda: is_alive(port),
            env={**env, "CHECKS_IN_WEB": "0"},
        ) as program:
            found = measure(port, program.pid, token)
    print(json.dumps(found))
    EVIDENCE.write_text(json.dumps(found, indent=2) + "\n")
    return int(found["cpu_seconds"] > MOST_CPU or found["bytes"] > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
