"""What goes on while things fail: writes, reads, mail, web sockets, and sites that are watched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from quartapp.models import Entity, Role, Scope, utcnow
from quartapp.services.channel import add_mail
from quartapp.services.check import edit_check
from quartapp.services.entity import add_entity
from tests.chaos.stack import Stack
from tests.chaos.world import World
from tests.helpers import add_person, make_bearer
from tests.ledger import Ledger, open_ledger, writing

WRITERS, SOCKETS = 8, 3
INVITING = 0.4  # s between two invitations
AGAIN = 0.3  # s before a socket that was refused asks again
PATIENCE = 10.0  # s until a socket is open
HEARD = 30.0  # s until all is heard
# The least that people and administrators may set; and fickle ones are down at once.
SETTINGS = {"steady": {"interval": 30}, "fickle": {"interval": 10, "down_after": 1}}
PAGES = "/status/", "/status/badge.svg"


@dataclass
class Ear:
    """A web socket that is opened again whenever it is closed, and hears what it has missed."""

    heard: set[int] = field(default_factory=set)  # comments
    last: int = 0  # event
    gaps: list[tuple[float, float]] = field(default_factory=list)  # from a close to the next open
    lost: float = 0.0
    resyncs: int = 0

    async def listen_on(self, client: ClientSession, url: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with suppress(ClientError, OSError):
                await self.listen(client, url)
            self.lost = self.lost or loop.time()
            await asyncio.sleep(AGAIN)

    async def listen(self, client: ClientSession, url: str) -> None:
        async with asyncio.timeout(PATIENCE):
            socket = await client.ws_connect(url)
            hello = await socket.receive_json()
        if self.last:
            await socket.send_json({"event": "subscribe", "since": self.last})
        self.last = self.last or hello["id"]
        if self.lost:
            self.gaps.append((self.lost, asyncio.get_running_loop().time()))
            self.lost = 0.0
        async for message in socket:
            told = message.json()
            self.last = max(self.last, told.get("id", 0))
            self.resyncs += told["event"] == "resync"
            if told["event"] == "comment.added":
                self.heard.add(told["subject_id"])


@dataclass
class Load:
    ledger: Ledger
    admin: dict[str, str]  # headers
    invited: dict[str, bool] = field(default_factory=dict)  # addresses: was it acknowledged
    ears: list[Ear] = field(default_factory=lambda: [Ear() for _ in range(SOCKETS)])

    async def invite_on(self, client: ClientSession) -> None:
        for number in count():
            address = f"guest-{number}@example.org"
            status, *_ = await self.ledger.ask(
                client, "POST", "/api/v1/invitations", json={"email": address}, headers=self.admin
            )
            self.invited[address] = status == "201"
            if self.ledger.enough.is_set():
                return
            await asyncio.sleep(INVITING)

    @property
    def kept(self) -> set[int]:
        """The comments that were acknowledged."""
        return set(self.ledger.kept.values())

    async def wait_until_heard(self) -> None:
        """Let the sockets that are to hear all of it do so, while they are there."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARD):
                while any(self.kept - ear.heard for ear in self.ears if not ear.resyncs):
                    await asyncio.sleep(0.1)


async def prepare(stack: Stack) -> Load:
    ledger = await open_ledger(stack.engine, stack.address, *PAGES)
    # Who reloads nginx closes connections that wait for a request: one may be on the way.
    ledger.is_brief, ledger.timeout, ledger.clients = True, 60.0, WRITERS
    return Load(ledger, await add_admin_and_sites(stack.engine, stack.world))


async def add_admin_and_sites(engine: AsyncEngine, world: World) -> dict[str, str]:
    """Return the headers of an administrator who is told by mail of what happens to the sites."""
    async with AsyncSession(engine) as session, session.begin():
        admin = await add_person(session, "admin", role=Role.ADMIN)
        admin.email, admin.email_confirmed_at = "admin@example.org", utcnow()
        await add_mail(session, admin, topics=["usability"])
        (commented,) = await session.scalars(select(Entity))
        await edit_check(session, commented, admin, is_paused=True)  # it is nowhere
        for kind, settings in SETTINGS.items():
            for number, url in enumerate(getattr(world, kind)):
                entity = await add_entity(session, name=f"{kind} {number}", url=url, owner=admin)
                await edit_check(session, entity, admin, **settings)
        headers = await make_bearer(session, admin, Scope.ADMIN)
    await engine.dispose()
    return headers


@asynccontextmanager
async def loading(load: Load) -> AsyncIterator[None]:
    """Have all that go on in the block; then wait until each key was acknowledged, and heard of."""
    base = load.ledger.base
    async with AsyncExitStack() as stack:
        connector = TCPConnector(limit=0, force_close=True)
        timeout = ClientTimeout(load.ledger.timeout)
        client = ClientSession(connector=connector, headers=load.ledger.headers, timeout=timeout)
        await stack.enter_async_context(client)
        for ear in load.ears:
            listening = asyncio.create_task(ear.listen_on(client, f"{base}/api/v1/live"))
            stack.callback(listening.cancel)
        inviting = asyncio.create_task(load.invite_on(client))
        stack.callback(inviting.cancel)
        async with writing(load.ledger):
            yield
        await inviting
        await load.wait_until_heard()
