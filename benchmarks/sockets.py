"""What idle sockets keep of a server's memory, and how many messages a second one core sends.

Run it on a calm machine: `python -m benchmarks.sockets [--quick]`. It starts PostgreSQL and one
`quart serve`, opens 5,000 sockets with a token, lets them rest, and writes events as a worker does,
each of which all sockets hear. CPU time is the server's own, as Linux counts it. The figures go to
`docs/evidence/sockets.json`, unless it is a quick run; it exits with 1 when a limit is missed.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.cost import read_cpu, wait_until_idle
from benchmarks.load import allow_files
from benchmarks.logins import is_alive
from benchmarks.one_socket import Ear, open_ears
from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.models import EventKind, Role, Scope, utcnow
from quartapp.services.entity import add_entity
from quartapp.services.event import add_events, make_event
from quartapp.services.token import add_token
from quartapp.services.user import add_user
from tests.databases import create_database, start_postgres
from tests.processes import IMPORTS, ROOT, free_port, make_folder, running

MOST_KB, LEAST_RATE = 36.0, 15_000  # of memory for one socket; messages per second of CPU time
SOCKETS, QUICK_SOCKETS = 5_000, 1_000
USERS, WARM = 50, 50  # sockets that come and go first, with what the server loads but once
SINGLES, BURST = 20, 20  # events: one after the other, then in one transaction
SETTLE, PATIENCE = 5.0, 60.0  # s
EVIDENCE = ROOT / "docs" / "evidence" / "sockets.json"


async def prepare(engine: AsyncEngine) -> tuple[int, list[str]]:
    """Add users and a site; return its id, and a token of each."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        users = [
            await add_user(session, name=f"user {number}", password_hash="-", role=Role.EDITOR)
            for number in range(USERS)
        ]
        site = await add_entity(session, name="site", url="http://a.example/", owner=users[0])
        tokens = [await add_token(session, user, "b", scope=Scope.READ) for user in users]
    return site.id, [secret for secret, _ in tokens]


async def happen(engine: AsyncEngine, site_id: int, count: int) -> list[int]:
    """Write events in one transaction; return their ids."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        title = "https://a.example/ does not answer any more"
        events = [make_event(site_id, EventKind.DOWN, utcnow(), title) for _ in range(count)]
        await add_events(session, events)
    return [event.id for event in events]


def read_kb(pid: int) -> int:
    """Return the kB that a process alone has in memory, with its part of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


async def settle(pid: int) -> int:
    """Return the kB of a server that rests."""
    await asyncio.sleep(SETTLE)
    return read_kb(pid)


async def hear(ears: list[Ear], ids: list[int]) -> None:
    """Wait until each has heard these events, each once and in order."""
    async with asyncio.timeout(PATIENCE):
        while any(len(ear.heard) < len(ids) for ear in ears):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    wrong = sum(ear.heard != ids for ear in ears)
    assert not wrong, f"{wrong} sockets heard something else"
    for ear in ears:
        ear.heard.clear()


async def spread(
    engine: AsyncEngine, site_id: int, pid: int, ears: list[Ear], steps: list[int]
) -> float:
    """Write so many events step by step; return the messages per second of CPU time."""
    await asyncio.to_thread(wait_until_idle, pid)
    before = read_cpu(pid)
    for count in steps:
        await hear(ears, await happen(engine, site_id, count))
    await asyncio.to_thread(wait_until_idle, pid)
    return len(ears) * sum(steps) / (read_cpu(pid) - before)


async def measure(url: str, port: int, pid: int, sockets: int) -> dict[str, Any]:
    engine = make_engine(parse_url(url))
    site_id, tokens = await prepare(engine)
    for ear in await open_ears(port, tokens, WARM):
        ear.hang_up()
    empty, cpu, start = await settle(pid), read_cpu(pid), time.monotonic()
    ears = await open_ears(port, tokens, sockets)
    opened, seconds = read_cpu(pid) - cpu, time.monotonic() - start
    full = await settle(pid)
    await asyncio.to_thread(wait_until_idle, pid)
    idle = read_cpu(pid)
    await asyncio.sleep(SETTLE)
    idle = (read_cpu(pid) - idle) / SETTLE
    await hear(ears, await happen(engine, site_id, 1))  # the first one is for warming up
    singles = await spread(engine, site_id, pid, ears, [1] * SINGLES)
    burst = await spread(engine, site_id, pid, ears, [BURST])
    figures = {
        "sockets": sockets,
        "kb_per_socket": round((full - empty) / sockets, 1),
        "kb_per_socket_after_messages": round((await settle(pid) - empty) / sockets, 1),
        "cpu_ms_to_open_one": round(opened * 1000 / sockets, 2),
        "opened_per_second": round(sockets / seconds),
        "idle_cpu_percent": round(idle * 100, 1),
        "messages_per_cpu_second": {"one by one": round(singles), "at once": round(burst)},
    }
    for ear in ears:
        ear.hang_up()
    await engine.dispose()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a fifth of the sockets")
    is_quick: bool = parser.parse_args().quick
    sockets = QUICK_SOCKETS if is_quick else SOCKETS
    allow_files(sockets + 1_000)
    port = free_port()
    command = [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "serve"]
    with start_postgres() as postgres, make_folder() as folder, ExitStack() as stack:
        url = create_database(postgres)
        engine = make_engine(parse_url(url))
        asyncio.run(upgrade(engine))
        env = {**IMPORTS, "DATABASE_URL": url, "RATE_LIMITS": "0", "CHECKS_IN_WEB": "0"}
        serve = [*command, "--bind", f"127.0.0.1:{port}"]
        env["INSTANCE_PATH"] = str(folder)
        program = stack.enter_context(running(folder, serve, lambda: is_alive(port), env=env))
        figures = uvloop.run(measure(url, port, program.pid, sockets))
    print(json.dumps(figures, indent=2))
    if not is_quick:
        EVIDENCE.write_text(json.dumps(figures, indent=2) + "\n")
    is_slow = min(figures["messages_per_cpu_second"].values()) < LEAST_RATE
    return int(figures["kb_per_socket"] > MOST_KB or is_slow)


if __name__ == "__main__":
    sys.exit(main())
