import asyncio
import logging
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from quart import Blueprint, current_app, websocket
from quart_cors import cors_exempt

from quartapp.api.problems import validate
from quartapp.api.v1.schemas import EventOut, SubscribeIn
from quartapp.app import TRY_AGAIN_LATER, QuartApp, explain_close
from quartapp.asgi.wrappers import Websocket
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.live import Interest, Listener, get_hub
from quartapp.live.hub import do_nothing
from quartapp.models import Event
from quartapp.services.event import list_events_since

HEARTBEAT = 25.0  # s without an event: less than proxies wait
PATIENCE = 10.0  # s for a client to take one message, and half of that
REPLAY = 500  # events sent again; who missed more reads the lists

logger = logging.getLogger(__name__)
bp = Blueprint("live", __name__)


@bp.websocket("/live")
@cors_exempt
@login_required
async def live() -> None:
    """Tell what happens while it does; a message says what of it is wanted."""
    listener = Listener(get_user())
    async with get_hub().listen(listener) as last:
        await websocket.send_json({"event": "connected", "id": last, "heartbeat": HEARTBEAT})
        socket, app = (cast(Any, proxy)._get_current_object() for proxy in (websocket, current_app))
        teller = Teller(socket, listener, app)
        teller.start()
        try:
            while True:
                await subscribe(listener, await websocket.receive_json())
        finally:
            await teller.stop()


@dataclass(eq=False, slots=True)
class Teller:
    """Sends what a listener hears; a task and a place in line only while there is something."""

    socket: Websocket
    listener: Listener
    app: QuartApp
    context: Context = field(default_factory=copy_context)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    told_at: float = 0.0
    began_at: float = 0.0  # to send the message that is under way
    is_due: bool = False  # a heartbeat
    is_over: bool = False

    def start(self) -> None:
        self.told_at = self.loop.time()
        self.listener.rouse = self.rouse
        self.beat()
        self.rouse()

    def rouse(self) -> None:
        if self.task is None and not self.is_over:
            self.began_at = self.loop.time()  # here: a beat may come before the task runs
            self.task = self.loop.create_task(self.tell(), context=self.context)

    def beat(self) -> None:
        """Have a heartbeat sent when it is time, and leave who takes nothing for long.

        One timer for a socket, set anew every few seconds: one for each message costs more.
        """
        now = self.loop.time()
        if self.task is not None and now - self.began_at >= PATIENCE:
            self.leave()
            return
        rest = self.told_at + HEARTBEAT - now
        if rest <= 0:
            self.is_due = True
            self.rouse()
        wait = min(rest if rest > 0 else HEARTBEAT, PATIENCE / 2)
        self.timer = self.loop.call_later(wait, self.beat)

    async def tell(self) -> None:
        """Send all there is, each message within PATIENCE."""
        try:
            while text := self.take():
                await self.socket.send_now(text)
                self.told_at = self.began_at = self.loop.time()
                if self.listener.queue:
                    await asyncio.sleep(0)  # others have their turn
        except Exception as error:
            logger.exception("A socket cannot be told what happens.")
            self.end(*explain_close(error))
        finally:
            self.task = None

    def leave(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self.end(TRY_AGAIN_LATER, "You are too slow.")

    def end(self, code: int, reason: str) -> None:
        """Close the socket: one that says nothing more would be believed."""
        self.is_over, app = True, self.app
        app.add_background_task(app.close_sockets, code, reason, [self.socket])

    def take(self) -> str | None:
        is_due, self.is_due = self.is_due, False
        if self.listener.take_missed():
            return '{"event": "resync"}'
        if self.listener.queue:
            return write_event(self.listener.queue.pop(0))
        return '{"event": "heartbeat"}' if is_due else None

    async def stop(self) -> None:
        self.is_over, self.listener.rouse = True, do_nothing
        if self.timer is not None:
            self.timer.cancel()
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])


@lru_cache(maxsize=256)
def write_event(event: Event) -> str:
    """Write what an event is, once for all who hear it."""
    out = EventOut.model_validate(event).model_dump(mode="json")
    return current_app.json.dumps({"event": out.pop("kind"), **out})


async def subscribe(listener: Listener, message: Any) -> None:
    """Let a listener hear what a message asks for, and again what happened since an event."""
    wanted = validate(SubscribeIn, message)
    listener.interest = Interest(wanted.entities, wanted.topics)
    await websocket.send_json({"event": "subscribed"})
    if wanted.since is None:
        return
    async with db.read() as session:
        events = await list_events_since(session, wanted.since, REPLAY + 1)
    if sum(event.id > wanted.since for event in events) > REPLAY:
        listener.miss()
        return
    for event in events:
        listener.offer(event)
