"""Processes are killed while clients write with an `Idempotency-Key`: each key is one row.

`pytest tests/test_killed.py --kills 200 -s` kills 200 times and tells the figures.
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
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.models import Comment, Role
from quartapp.services.entity import add_entity
from quartapp.services.user import add_user
from tests.helpers import make_bearer
from tests.outside import Address, Connection
from tests.pair import Pair

CLIENTS = 4
PAUSE = 0.02  # s before a client asks again
AGAIN = {"409", "502", "503", "504"}  # somebody is at work with it, or nobody is there


@dataclass
class Writers:
    """Clients that write under one key until they are answered, then under the next."""

    address: Address
    path: str
    headers: Mapping[str, str]
    seen: Counter[str] = field(default_factory=Counter)
    answered: list[str] = field(default_factory=list)  # keys
    enough: threading.Event = field(default_factory=threading.Event)

    def write_on(self, client: int) -> None:
        connection, number = Connection(self.address), 0
        while not self.enough.is_set():
            key, number = f"client-{client}-{number}", number + 1
            while (outcome := self.write(connection, key)) in AGAIN or not outcome.isdecimal():
                time.sleep(PAUSE)
            self.answered.append(key)
        connection.close()

    def write(self, connection: Connection, key: str) -> str:
        headers = {**self.headers, "Idempotency-Key": key}
        try:
            reply = connection.ask(self.path, "POST", json.dumps({"body": key}), headers)
            outcome = str(reply.status)
        except (OSError, HTTPException) as error:
            connection.close()
            outcome = type(error).__name__
        self.seen[outcome] += 1
        return outcome


@contextmanager
def writing(writers: Writers) -> Iterator[None]:
    threads = [
        threading.Thread(target=writers.write_on, args=(client,)) for client in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        writers.enough.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def pair_env(pair_env: dict[str, str]) -> dict[str, str]:
    return {**pair_env, "RATE_LIMITS": "false"}  # a fast machine and a slow start cross any limit


@pytest.mark.timeout(3600)  # for 200 kills; each step has a limit of its own
async def test_each_key_is_one_row_however_often_processes_are_killed(
    pair: Pair, pair_address: Address, pair_engine: AsyncEngine, request: pytest.FixtureRequest
) -> None:
    kills: int = request.config.getoption("--kills")
    async with AsyncSession(pair_engine) as session, session.begin():
        user = await add_user(session, name="alice", password_hash="", role=Role.EDITOR)
        entity = await add_entity(session, name="site", url="https://site.test/", owner=user)
        headers = await make_bearer(session, user) | {"Content-Type": "application/json"}
        path = f"/api/v1/entities/{entity.id}/comments"
    writers = Writers(pair_address, path, headers)

    with writing(writers):
        for number in range(kills):
            socket = pair.paths[number % len(pair.paths)]
            pair.kill(socket)
            pair.start(socket)
    async with AsyncSession(pair_engine) as session:
        kept = list(await session.scalars(select(Comment.body)))

    print(f"\n{kills} kills: {dict(writers.seen)}, {len(kept)} rows")  # noqa: T201
    assert sorted(kept) == sorted(writers.answered)
    assert len(set(kept)) == len(kept) > kills
    cut_off = {"RemoteDisconnected", "ConnectionResetError", "IncompleteRead"}
    assert writers.seen.keys() - AGAIN - {"201"} <= cut_off
