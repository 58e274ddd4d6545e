"""Clients that write, 100 times a second when there are many, and note what they are promised."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.models import Comment, Role
from quartapp.services.entity import add_entity
from quartapp.services.user import add_user
from tests.helpers import make_bearer

PACE = 0.72  # s between two writes of a client, as long as they are answered
MANY, FEW = 80, 20  # clients: 110 writes a second; what a machine serves beside other tests
ADDRESSES = 4  # of the clients: nginx lets each have 50 requests under way
READS = 10  # of so many writes, one is followed by reads
PATIENCE = 60.0  # s until writes are acknowledged
PAUSE = 0.5  # s before a write is repeated to which nobody has said when


class Answer(NamedTuple):
    """What came of a request, and when by the clock of the loop."""

    began: float
    ended: float
    method: str
    outcome: str
    after: str  # so many seconds it is to be asked again
    detail: str = ""  # why it was refused


@dataclass
class Ledger:
    """What was sent, what was answered, and how long that took."""

    base: str
    path: str  # of the site that is commented on
    headers: Mapping[str, str]
    reads: tuple[str, ...]
    clients: int = FEW
    seen: Counter[str] = field(default_factory=Counter)
    sent: dict[str, bool] = field(default_factory=dict)  # bodies, and whether with a key
    kept: dict[str, int] = field(default_factory=dict)  # bodies that were acknowledged, and ids
    since: float = 0.0  # when it was last asked how long requests take
    seconds: list[float] = field(default_factory=list)  # of requests, since then
    answers: list[Answer] = field(default_factory=list)  # from the first on
    timeout: float = 30.0  # s of a request
    is_brief: bool = False  # a connection serves one request
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def write_on(self, client: ClientSession, number: int) -> None:
        """Write at an even pace, every second time with a key."""
        loop = asyncio.get_running_loop()
        due = loop.time() + PACE * number / self.clients
        for turn in count():
            await asyncio.sleep(max(0.0, due - loop.time()))
            if self.enough.is_set():
                return
            due = max(due + PACE, loop.time())
            await self.write(client, f"{number}-{turn}", has_key=turn % 2 == 1)
            if turn % READS == number % READS:
                for path in self.reads:
                    await self.ask(client, "GET", path)

    async def write(self, client: ClientSession, body: str, *, has_key: bool) -> None:
        """Write a comment; with a key, until it is acknowledged."""
        self.sent[body] = has_key
        headers = {"Idempotency-Key": body} if has_key else {}
        path, data = f"{self.path}/comments", {"body": body}
        while True:
            status, after, answer = await self.ask(client, "POST", path, json=data, headers=headers)
            if status == "201":
                self.kept[body] = answer["id"]
            if status == "201" or not has_key:
                return
            await asyncio.sleep(after or PAUSE)

    async def ask(
        self, client: ClientSession, method: str, path: str, **more: Any
    ) -> tuple[str, float, Any]:
        """Return the status, or what went wrong; when to come again; and what JSON says."""
        loop = asyncio.get_running_loop()
        start, after, answer = loop.time(), "", None
        try:
            async with client.request(method, self.base + path, **more) as response:
                outcome, after = str(response.status), response.headers.get("Retry-After", "")
                answer = await response.json(content_type=None) if method == "POST" else None
                await response.read()
        except (ClientError, OSError) as error:
            outcome = type(error).__name__
        self.seconds.append(loop.time() - max(start, self.since))
        self.answers.append(Answer(start, loop.time(), method, outcome, after, find_detail(answer)))
        self.seen[f"{outcome} after {after}" if after else outcome] += 1
        return outcome, float(after or 0), answer

    def begin(self) -> None:
        """Count from now on how long requests take, and which answers come."""
        self.seen.clear()
        self.seconds.clear()
        self.since = asyncio.get_running_loop().time()

    async def keep(self, more: int) -> float:
        """Wait until so many more are acknowledged; return how many that were a second."""
        loop = asyncio.get_running_loop()
        start, enough = loop.time(), len(self.kept) + more
        async with asyncio.timeout(PATIENCE):
            while len(self.kept) < enough:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return more / (loop.time() - start)


def find_detail(answer: Any) -> str:
    return str(answer.get("detail", "")) if isinstance(answer, dict) else ""


async def open_ledger(engine: AsyncEngine, address: tuple[str, int], *reads: str) -> Ledger:
    """Return the ledger of an editor, for comments on a site of theirs."""
    async with AsyncSession(engine) as session, session.begin():
        user = await add_user(session, name="alice", password_hash="", role=Role.EDITOR)
        entity = await add_entity(session, name="site", url="https://site.test/", owner=user)
        headers, path = await make_bearer(session, user), f"/api/v1/entities/{entity.id}"
    await engine.dispose()
    return Ledger("http://{}:{}".format(*address), path, headers, (path, *reads))


@asynccontextmanager
async def writing(ledger: Ledger) -> AsyncIterator[None]:
    """Write on while the block runs; then wait until each key was acknowledged."""
    async with AsyncExitStack() as stack:
        clients = []
        for address in range(ADDRESSES):
            connector = TCPConnector(
                local_addr=(f"127.0.0.{address + 2}", 0), limit=0, force_close=ledger.is_brief
            )
            client = ClientSession(
                connector=connector, headers=ledger.headers, timeout=ClientTimeout(ledger.timeout)
            )
            clients.append(await stack.enter_async_context(client))
        async with asyncio.TaskGroup() as tasks:
            for number in range(ledger.clients):
                tasks.create_task(ledger.write_on(clients[number % ADDRESSES], number))
            yield
            ledger.enough.set()


async def find_faults(ledger: Ledger, engine: AsyncEngine) -> dict[str, set[str]]:
    """Hold what was promised against what is there, by the bodies of the comments."""
    async with AsyncSession(engine) as session:
        rows = (await session.execute(select(Comment.body, Comment.id))).all()
    there = {row.body: row.id for row in rows}
    keyed = {body for body, has_key in ledger.sent.items() if has_key}
    return {
        "lost": {body for body, row_id in ledger.kept.items() if there.get(body) != row_id},
        "doubled": {row.body for row in rows if row.id != there[row.body]},
        "strange": there.keys() - ledger.sent.keys(),
        "given up": keyed - ledger.kept.keys(),
    }
