"""New events, read once for a process and handed to all who listen in it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

from quartapp.database import classify
from quartapp.extensions import db
from quartapp.models import Event, EventKind, User
from quartapp.models.event import Topic
from quartapp.models.rights import may_see_entity
from quartapp.services.event import LATE, find_missing_events, list_new_events

POLL, TOLD_POLL = 0.5, 2.0  # s between two looks for events; the latter where each is told of
BATCH = 1000  # events of one look; who is further behind reads the lists again
QUEUE = 512  # events that wait for one slow listener
FORGET = LATE.total_seconds()  # until an event that was not there is one that was undone

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Interest:
    """What a listener wants; None: everything."""

    entities: frozenset[int] | None = None
    topics: frozenset[Topic] | None = None

    def covers(self, event: Event) -> bool:
        if self.entities is not None and event.entity_id not in self.entities:
            return False
        return self.topics is None or EventKind(event.kind).topic in self.topics


def do_nothing() -> None:
    """Stand in where nobody waits."""


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who listens; the queue is bounded, and what does not fit is missed as a whole."""

    user: User
    interest: Interest = Interest()
    queue: list[Event] = field(default_factory=list)  # an empty deque keeps 600 bytes
    has_missed: bool = False
    rouse: Callable[[], None] = do_nothing  # told that there is something to take

    def offer(self, event: Event) -> None:
        if not may_see_entity(self.user, event.entity) or not self.interest.covers(event):
            return
        if len(self.queue) >= QUEUE:
            self.miss()
        elif not self.has_missed:
            self.queue.append(event)
            self.rouse()

    def miss(self) -> None:
        """Let the listener know that it has to read the lists again."""
        self.queue.clear()
        self.has_missed = True
        self.rouse()

    def take_missed(self) -> bool:
        """Tell once whether some were missed."""
        has_missed, self.has_missed = self.has_missed, False
        return has_missed


@dataclass
class Hub:
    """Who listens in this process, and how far it has read."""

    listeners: set[Listener] = field(default_factory=set)
    last: int | None = None  # event; None: nobody listens
    gaps: dict[int, float] = field(default_factory=dict)  # ids below, not seen yet, and since when
    is_told: bool = False  # by the database, of each event
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_stopped: bool = False

    def stop(self) -> None:
        """Hand out no more; a cancellation alone may be lost in a driver, or in `wait_for`."""
        self.is_stopped = True
        self.wake.set()

    @asynccontextmanager
    async def listen(self, listener: Listener) -> AsyncIterator[int]:
        """Hand *listener* what comes after the event whose id this gives."""
        self.listeners.add(listener)  # first: what is handed out while we read is heard
        try:
            yield await self.begin()
        finally:
            self.listeners.discard(listener)
            if not self.listeners:
                self.last = None

    async def begin(self) -> int:
        """Return how far was read, by now when nobody listened before."""
        if self.last is None:
            last, missing = await find_begin()
            if self.last is None:  # else somebody was faster, whose begin counts for all
                self.last, self.gaps = last, dict.fromkeys(missing, monotonic())
        self.wake.set()
        return self.last

    @property
    def pause(self) -> float | None:
        """Seconds until the next look; None: not before somebody listens."""
        if self.last is None:
            return None
        return TOLD_POLL if self.is_told else POLL


async def run_hub(hub: Hub) -> None:
    """Hand out events until the hub stops; while the database is away they wait in it."""
    while not hub.is_stopped:
        with suppress(TimeoutError):
            await asyncio.wait_for(hub.wake.wait(), hub.pause)
        hub.wake.clear()
        try:
            await hand_out(hub)
        except Exception as error:
            known = classify(error)
            text, trace = known or "see below", None if known else error
            logger.warning("Events are handed out later: %s", text, exc_info=trace)
            await asyncio.sleep(POLL)


async def hand_out(hub: Hub) -> None:
    if hub.last is None:
        return
    async with db.read() as session:
        events = await list_new_events(session, hub.last, hub.gaps, BATCH)
    advance(hub, [event.id for event in events])
    for listener in tuple(hub.listeners):
        if len(events) == BATCH:
            listener.miss()
            continue
        for event in events:
            listener.offer(event)


def advance(hub: Hub, seen: list[int]) -> None:
    """Note how far was read. Ids are given before the commit: one left out may still come."""
    now, last = monotonic(), hub.last
    if last is None:  # all have left meanwhile
        return
    hub.last = max([last, *seen])
    hub.gaps.update(dict.fromkeys(range(last + 1, hub.last), now))
    hub.gaps = {
        event_id: since
        for event_id, since in hub.gaps.items()
        if event_id not in seen and now - since < FORGET
    }
    if len(seen) == BATCH:
        hub.gaps.clear()


async def find_begin() -> tuple[int, set[int]]:
    """Return the newest event by now, and the ids just below it that are not there yet."""
    async with db.read() as session:
        return await find_missing_events(session)
