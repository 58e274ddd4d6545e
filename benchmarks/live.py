"""How long an event takes from the commit of another process to the sockets of two servers.

Run it on a calm machine: `python -m benchmarks.live`. It starts PostgreSQL and two `quart serve`,
opens sockets on both, and writes events as a worker does. The figures go to
`docs/evidence/live.json`; it exits with 1 when one took longer than a second.
"""

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, ExitStack
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.logins import is_alive
from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.models import EventKind, Role, Scope, User, utcnow
from quartapp.security import hash_password
from quartapp.services.entity import add_entity
from quartapp.services.event import add_event
from quartapp.services.token import add_token
from quartapp.services.user import add_user
from tests.databases import create_database, start_postgres
from tests.processes import IMPORTS, ROOT, free_port, make_folder, running
from tests.wire import SocketClient, open_socket, shake_hands

SOCKETS, EVENTS = 100, 50  # on each server; one after the other
EVIDENCE = ROOT / "docs" / "evidence" / "live.json"


async def prepare(engine: AsyncEngine) -> tuple[int, bytes]:
    """Add a user and a site; return its id, and the header of a token."""
    await upgrade(engine)
    async with AsyncSession(engine) as session, session.begin():
        password_hash = await hash_password("correct horse battery staple")
        user = await add_user(session, name="u", password_hash=password_hash, role=Role.EDITOR)
        return (await add_site(session, user)), await add_bearer(session, user)


async def add_site(session: AsyncSession, user: User) -> int:
    return (await add_entity(session, name="site", url="http://a.example/", owner=user)).id


async def add_bearer(session: AsyncSession, user: User) -> bytes:
    token, _ = await add_token(session, user, "live", scope=Scope.READ)
    return f"Bearer {token}".encode()


async def listen(client: SocketClient, seen: dict[int, list[float]]) -> None:
    """Note when each event is heard."""
    while True:
        message: dict[str, Any] = json.loads(await client.hear())
        if "title" in message:
            seen.setdefault(message["id"], []).append(time.monotonic())


async def measure(engine: AsyncEngine, ports: list[int]) -> list[float]:
    """Return how many seconds each event took to each socket."""
    entity_id, bearer = await prepare(engine)
    seen: dict[int, list[float]] = {}
    written: dict[int, float] = {}
    async with AsyncExitStack() as stack:
        tasks = []
        for port in ports * SOCKETS:
            header = (b"Authorization", bearer)
            client = await stack.enter_async_context(open_socket(port, "/api/v1/live", header))
            await shake_hands(client)
            await client.hear()
            tasks.append(asyncio.create_task(listen(client, seen)))
        for _ in range(EVENTS):
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                event = await add_event(session, entity_id, EventKind.DOWN, utcnow(), "down")
            written[event.id] = time.monotonic()
            await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        for task in tasks:
            task.cancel()
    missed = {number: len(seen.get(number, [])) for number in written}
    assert set(missed.values()) == {SOCKETS * len(ports)}, missed
    return [when - written[number] for number, times in seen.items() for when in times]


def main() -> int:
    command = [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "serve"]
    with start_postgres() as postgres, make_folder() as folder, ExitStack() as stack:
        url, ports = create_database(postgres), [free_port(), free_port()]
        engine = make_engine(parse_url(url))
        asyncio.run(upgrade(engine))
        env = {**IMPORTS, "DATABASE_URL": url, "RATE_LIMITS": "0", "INSTANCE_PATH": str(folder)}
        for port in ports:
            place = folder / str(port)
            place.mkdir()
            serve = [*command, "--bind", f"127.0.0.1:{port}"]
            stack.enter_context(running(place, serve, lambda p=port: is_alive(p), env=env))
        seconds = sorted(asyncio.run(measure(make_engine(parse_url(url)), ports)))
    figures = {
        "servers": len(ports),
        "sockets": SOCKETS * len(ports),
        "events": EVENTS,
        "heard": len(seconds),
        "seconds": {
            "p50": round(seconds[len(seconds) // 2], 4),
            "p99": round(seconds[len(seconds) * 99 // 100], 4),
            "longest": round(seconds[-1], 4),
        },
    }
    EVIDENCE.parent.mkdir(exist_ok=True)
    EVIDENCE.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    return int(seconds[-1] > 1)


if __name__ == "__main__":
    sys.exit(main())
