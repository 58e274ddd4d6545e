"""What 200 logins at once do to everybody else, and what a password's time tells a stranger.

Run it on a calm machine: `python -m benchmarks.logins`. It starts PostgreSQL and one `quart serve`,
with limits off, so that every guess is hashed.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database.engine import make_engine
from quartapp.database.migrations import upgrade
from quartapp.database.url import parse_url
from quartapp.models import Role
from quartapp.security import hash_password
from quartapp.services.user import add_user
from tests.databases import create_database, start_postgres
from tests.processes import IMPORTS, free_port, make_folder, running

PASSWORD = "correct horse battery staple"
AT_ONCE, PAIRS = 200, 200


async def ask(port: int, path: str, data: dict[str, str] | None = None) -> tuple[int, float]:
    """Return the status of an answer and the seconds until it came."""
    body = json.dumps(data).encode() if data else b""
    head = f"{'POST' if data else 'GET'} {path} HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if data else ""
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split(None, 2)[1]), time.perf_counter() - start


def login(name: str) -> dict[str, str]:
    return {"username": name, "password": "wrong horse battery staple"}


async def measure_flood(port: int, pid: int) -> None:
    """Let 200 sign in at once, and ask /livez all the while."""
    before = read_memory(pid)
    times: list[float] = []
    peak = before

    async def watch() -> None:
        nonlocal peak
        while True:
            times.append((await ask(port, "/livez"))[1])
            peak = max(peak, read_memory(pid))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    data = {"username": "known", "password": PASSWORD}
    start = time.perf_counter()
    answers = await asyncio.gather(*(ask(port, "/api/v1/tokens", data) for _ in range(AT_ONCE)))
    seconds = time.perf_counter() - start
    watching.cancel()
    statuses = {status: [s for s, _ in answers].count(status) for status, _ in answers}
    p99 = statistics.quantiles(times, n=100)[98]
    print(f"{AT_ONCE} logins at once: {statuses} in {seconds:.1f} s")
    print(f"/livez meanwhile: {len(times)} answers, p99 {p99 * 1000:.0f} ms")
    print(f"memory: {before:.0f} MB before, {peak - before:+.0f} MB at the peak")


async def measure_difference(port: int) -> None:
    """Guess at a known and an unknown name in turns."""
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(PAIRS):
        for name, found in times.items():
            status, seconds = await ask(port, "/api/v1/tokens", login(name))
            assert status == 401, status
            found.append(seconds)
    known, unknown = (statistics.median(found) for found in times.values())
    print(
        f"medians of {PAIRS}: known {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms", end=""
    )
    print(f", difference {abs(known - unknown) / known:.1%}")


def read_memory(pid: int) -> float:
    """Return the resident memory of a process in MB; one that was killed has none."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE") / 1024**2


async def prepare(url: str) -> None:
    engine = make_engine(parse_url(url))
    await upgrade(engine)
    async with AsyncSession(engine) as session, session.begin():
        password_hash = await hash_password(PASSWORD)
        await add_user(session, name="known", password_hash=password_hash, role=Role.EDITOR)
    await engine.dispose()


def is_alive(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/livez", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def main(arguments: Sequence[str] = ()) -> None:
    port = free_port()
    command = [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "serve"]
    with start_postgres() as postgres, make_folder() as folder:
        url = create_database(postgres)
        asyncio.run(prepare(url))
        env = {**IMPORTS, "DATABASE_URL": url, "RATE_LIMITS": "0", "INSTANCE_PATH": str(folder)}
        with running(
            folder,
            [*command, "--bind", f"127.0.0.1:{port}", *arguments],
            lambda: is_alive(port),
            env=env,
        ) as program:
            asyncio.run(measure_flood(port, program.pid))
            asyncio.run(measure_difference(port))


if __name__ == "__main__":
    main()
