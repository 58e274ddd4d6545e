"""How much of what a client sends is taken in: a body to its limit, messages in turn."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from quartapp.errors import TooLargeError
from quartapp.texts import Text

DRAIN_SECONDS = 5.0  # for a client to stop sending, before the connection is closed on it
PARKED_MESSAGES = 8  # of one socket, waiting for its handler
UNREAD_SECONDS = 60.0  # that they may wait
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

NOBODY_READS: Message = {
    "type": "websocket.close",
    "code": 1008,
    "reason": "Nobody reads what you send.",
}


class Tap(ABC):
    """A `receive` that can be ended: to the app, it looks as if the client had left."""

    left: Message

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._wait: asyncio.Timeout | None = None
        self._ended = False
        self._dropping = False
        self._exhausted = asyncio.Event()

    async def receive(self) -> Message:
        if self._ended:
            return self.left
        try:
            async with asyncio.timeout(None) as self._wait:
                return await self._take()
        except TimeoutError:
            return self.left
        finally:
            self._wait = None

    def end(self) -> None:
        self._ended = True
        if self._wait is not None:
            self._wait.reschedule(0)

    async def drain(self) -> None:
        """Drop what still comes: a client that sends would not hear our last words."""
        self._dropping = True
        self._let_in()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._exhausted.wait()
        except TimeoutError:
            return

    @abstractmethod
    def _let_in(self) -> None:
        """Hold nothing back any more."""

    @abstractmethod
    async def _take(self) -> Message:
        """Return the next message that passes."""


class Intake(Tap):
    """Pass a request's body on when it is asked for, and no more of it than `limit` bytes.

    What comes beyond the limit, or after the answer, is read and dropped.
    """

    left = {"type": "http.disconnect"}

    def __init__(
        self,
        receive: Receive,
        headers: Headers = (),
        limit: int | None = None,
        *,
        expects_body: bool = True,
    ) -> None:
        super().__init__(receive)
        named = dict(headers)
        self.limit = limit
        self._announced = int(named.get(b"content-length") or 0)
        self.has_body = self._announced > 0 or b"transfer-encoding" in named
        self.is_empty = not (self.has_body or expects_body)
        self.is_waited_for = b"expect" in named  # the client sends no body before we ask for it
        self.start: Callable[[], None] = do_nothing  # lets messages come
        self._size = 0
        self._cut = False  # the app was told that the body ends here
        self._asked = asyncio.Event()
        self._asked_whole = False

    def ask(self, *, whole: bool) -> None:
        """Let the next piece of the body pass, or its *whole*; TooLargeError over the limit."""
        self.check()
        self.is_waited_for = False
        self._asked_whole = whole
        self._let_in()

    def check(self) -> None:
        if self._cut or self._is_over(self._announced):
            raise TooLargeError(
                Text("The body may be %(limit)s bytes long at most.", limit=self.limit)
            )

    @property
    def is_exhausted(self) -> bool:
        """Tell whether all has come that was announced."""
        return not self.has_body or self._exhausted.is_set()

    async def drain(self) -> None:
        if not (self.is_exhausted or self._dropping):  # once is enough
            await super().drain()

    def _let_in(self) -> None:
        self._asked.set()
        if not self.is_empty:
            self.start()

    async def _take(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                self._exhausted.set()
                return message
            if passing := await self._admit(message.get("body", b""), message.get("more_body")):
                return passing

    async def _admit(self, body: bytes, more: bool | None) -> Message | None:
        if not more:
            self._exhausted.set()
        if body:
            await self._asked.wait()
        if self._cut or (not body and more):
            return None
        if self._dropping:
            return None if more else self._end_body()
        self._size += len(body)
        if self._is_over(self._size):
            self._cut = True
            return self._end_body()
        if body and not self._asked_whole:
            self._asked.clear()
        return {"type": "http.request", "body": body, "more_body": bool(more)}

    def _end_body(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    def _is_over(self, size: int) -> bool:
        return self.limit is not None and size > self.limit


def do_nothing() -> None:
    """Stand in where messages come by themselves."""


class Parking:
    """Messages until their handler takes them; a queue of asyncio keeps 2.5 kB for nothing.

    How many they are is the business of the Inbox, and one handler takes them.
    """

    __slots__ = ("_messages", "_waiter")

    def __init__(self) -> None:
        self._messages: list[str | bytes] = []
        self._waiter: asyncio.Future[None] | None = None

    async def put(self, message: str | bytes) -> None:
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> str | bytes:
        while not self._messages:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._messages.pop(0)

    def disconnect(self) -> None:
        """Do nothing: who waits here is cancelled."""


class Inbox(Tap):
    """Pass a socket's messages on, a few ahead of its handler and no more."""

    left = {"type": "websocket.disconnect", "code": 1001}

    def __init__(self, receive: Receive, send: Send) -> None:
        super().__init__(receive)
        self._send = send
        self._room = asyncio.Semaphore(PARKED_MESSAGES)

    def free(self) -> None:
        """Make room: the handler took a message."""
        self._room.release()

    def _let_in(self) -> None:
        self._room.release()

    async def _take(self) -> Message:
        if not await self._has_room():
            self._ended = True
            await self._send(NOBODY_READS)
            return self.left
        message = await self._receive()
        while self._dropping and message["type"] == "websocket.receive":
            message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._exhausted.set()
        elif message["type"] != "websocket.receive":
            self._room.release()
        elif message.get("bytes") == b"":
            # Quart reads `bytes or text`, which makes None of an empty binary message.
            return {**message, "text": b""}
        return message

    async def _has_room(self) -> bool:
        # A handler that reads nothing would never learn that its client has left.
        try:
            async with asyncio.timeout(UNREAD_SECONDS):
                return await self._room.acquire()
        except TimeoutError:
            return False
