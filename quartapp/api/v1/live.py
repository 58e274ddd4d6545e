import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, cast

from quart import Blueprint, current_app, websocket
from quart_cors import cors_exempt

from quartapp.api.problems import validate
from quartapp.api.v1.schemas import EventOut, SubscribeIn
from quartapp.app import TRY_AGAIN_LATER, QuartApp
from quartapp.auth import get_user, login_required
from quartapp.extensions import db
from quartapp.live import Interest, Listener, get_hub
from quartapp.models import Event
from quartapp.services.event import list_new_events

HEARTBEAT = 25.0  # s without an event: less than proxies wait
PATIENCE = 10.0  # s for a client to take one message
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
        async with sending(listener):
            while True:
                await subscribe(listener, await websocket.receive_json())


@asynccontextmanager
async def sending(listener: Listener) -> AsyncIterator[None]:
    task = asyncio.create_task(send_events(listener))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def send_events(listener: Listener) -> None:
    """Send what is heard; a client that takes nothing for long is left."""
    try:
        while True:
            text = await write_next(listener)
            async with asyncio.timeout(PATIENCE):
                await websocket.send(text)
    except TimeoutError:
        app, socket = cast(QuartApp, current_app), cast(Any, websocket)._get_current_object()
        app.add_background_task(app.close_sockets, TRY_AGAIN_LATER, "You are too slow.", [socket])
    except Exception:
        logger.exception("A socket hears of nothing any more.")


async def write_next(listener: Listener) -> str:
    try:
        async with asyncio.timeout(HEARTBEAT):
            event = await listener.hear()
    except TimeoutError:
        return '{"event": "heartbeat"}'
    return write_event(event) if event else '{"event": "resync"}'


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
        events = await list_new_events(session, wanted.since, (), REPLAY + 1)
    if len(events) > REPLAY:
        listener.miss()
        return
    for event in events:
        listener.offer(event)
