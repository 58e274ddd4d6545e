"""Web sockets that hear of comments while servers are away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from aiohttp import ClientSession, ClientWebSocketResponse

from tests.ledger import Ledger

SOCKETS = 4  # nginx gives them to the processes in turn
PATIENCE = 30.0  # s until all is heard


@dataclass
class Ears:
    """What sockets have heard."""

    comments: list[set[int]] = field(default_factory=list)  # of each socket
    others: set[str] = field(default_factory=set)  # kinds of messages

    async def listen(self, socket: ClientWebSocketResponse) -> None:
        self.comments.append(heard := set())
        async for message in socket:
            told = message.json()
            if told["event"] == "comment.added":
                heard.add(told["subject_id"])
            else:
                self.others.add(told["event"])
        self.others.add(f"closed by {socket.close_code}")

    async def find_missing(self, ledger: Ledger) -> set[int]:
        """Return the comments that were acknowledged and that some socket does not hear of."""
        kept, end = set(ledger.kept.values()), monotonic() + PATIENCE
        while (missing := kept - set.intersection(*self.comments)) and monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return missing


@asynccontextmanager
async def listening(ledger: Ledger) -> AsyncIterator[Ears]:
    """Have sockets hear of what is written in the block."""
    ears = Ears()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(ClientSession(headers=ledger.headers))
        for _ in range(SOCKETS):
            socket = await client.ws_connect(f"{ledger.base}/api/v1/live")
            stack.callback(asyncio.create_task(ears.listen(socket)).cancel)
        yield ears
