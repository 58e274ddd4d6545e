"""Two processes behind nginx, stopped and started in turn under load: no request is lost.

`pytest tests/test_rolling.py --rolling 200 -s` does it 200 times and tells the figures.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.models import Comment, Role
from quartapp.services.entity import add_entity
from quartapp.services.user import add_user
from tests.helpers import make_bearer
from tests.outside import Address, Connection
from tests.pair import Pair

CLIENTS = 4
PAUSE = 0.02  # seconds between two requests of a client, which leaves time for the servers


@dataclass
class Load:
    """What the clients have seen so far."""

    seen: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def ask_on(self, address: Address, path: str, headers: Mapping[str, str]) -> None:
        """Read and write in turn over a kept connection, until it is enough."""
        connection = Connection(address)
        while not self.enough.wait(PAUSE):
            for method, body in (("GET", None), ("POST", json.dumps({"body": "rolling"}))):
                started = time.monotonic()
                try:
                    outcome = str(connection.ask(path, method, body, headers).status)
                except (OSError, HTTPException) as error:
                    outcome = repr(error)
                    connection.close()
                self.seconds.append(time.monotonic() - started)
                self.seen[f"{method} {outcome}"] += 1
        connection.close()

    def percentile(self, part: float) -> float:
        """Return milliseconds."""
        return 1000 * sorted(self.seconds)[int(len(self.seconds) * part)]


@contextmanager
def loading(address: Address, path: str, headers: Mapping[str, str]) -> Iterator[Load]:
    load = Load()
    threads = [
        threading.Thread(target=load.ask_on, args=(address, path, headers)) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.enough.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def pair_env(pair_env: dict[str, str]) -> dict[str, str]:
    return {**pair_env, "RATE_LIMITS": "false"}  # a fast machine and a slow start cross any limit


@pytest.mark.timeout(3600)  # for 200 rounds; each step has a limit of its own
async def test_no_request_is_lost_while_processes_are_replaced(
    pair: Pair, pair_address: Address, pair_engine: AsyncEngine, request: pytest.FixtureRequest
) -> None:
    rounds: int = request.config.getoption("--rolling")
    async with AsyncSession(pair_engine) as session, session.begin():
        user = await add_user(session, name="alice", password_hash="", role=Role.EDITOR)
        entity = await add_entity(session, name="site", url="https://site.test/", owner=user)
        headers = await make_bearer(session, user) | {"Content-Type": "application/json"}
        path = f"/api/v1/entities/{entity.id}/comments"

    started = time.monotonic()
    with loading(pair_address, path, headers) as load:
        pair.roll(rounds)  # nothing else waits on this loop
    seconds = time.monotonic() - started
    async with AsyncSession(pair_engine) as session:
        kept = await session.scalar(select(func.count()).select_from(Comment))

    print(  # noqa: T201
        f"\n{rounds} rounds of {seconds / rounds:.1f} s: {dict(load.seen)}, "
        f"p50 {load.percentile(0.5):.0f} ms, p99 {load.percentile(0.99):.0f} ms, "
        f"longest {load.percentile(1 - 1e-9):.0f} ms"
    )
    assert load.seen.keys() == {"GET 200", "POST 201"}
    assert kept == load.seen["POST 201"]  # none twice, either
