"""How events are read for a process, and handed to who listens."""

import asyncio
from time import monotonic

import pytest
from quart import Quart

from quartapp.extensions import db
from quartapp.live import hub as module
from quartapp.live.hub import (
    BATCH,
    FORGET,
    QUEUE,
    Hub,
    Interest,
    Listener,
    advance,
    hand_out,
    run_hub,
)
from quartapp.models import Entity, Event, EventKind, User
from quartapp.models.event import Topic
from quartapp.services.comment import add_comment, remove_comment
from tests.services.watching import watch

ME = User(id=1, name="me")


def make_event(number: int, entity_id: int = 1, kind: EventKind = EventKind.DOWN) -> Event:
    return Event(id=number, entity_id=entity_id, kind=kind, entity=Entity(id=entity_id))


def hear_all(listener: Listener) -> list[int]:
    return [event.id for event in listener.queue]


def test_listener_hears_what_it_asked_for() -> None:
    listener = Listener(ME, Interest(frozenset({1}), frozenset({Topic.BUG})))
    for number, (entity_id, kind) in enumerate(
        [(1, EventKind.BUG_OPENED), (2, EventKind.BUG_OPENED), (1, EventKind.DOWN)], 1
    ):
        listener.offer(make_event(number, entity_id, kind))
    assert hear_all(listener) == [1]


def test_without_a_choice_everything_is_heard() -> None:
    listener = Listener(ME)
    for number, kind in enumerate(EventKind):
        listener.offer(make_event(number, number, kind))
    assert hear_all(listener) == list(range(len(EventKind)))


def test_slow_listener_is_told_once_that_it_missed_some() -> None:
    listener = Listener(ME)
    for number in range(QUEUE + 2):
        listener.offer(make_event(number))
    assert [listener.take_missed(), listener.take_missed()] == [True, False]
    listener.offer(make_event(999))
    assert hear_all(listener) == [999]


def test_id_that_was_left_out_is_looked_for_until_it_is_there() -> None:
    hub = Hub(last=10)
    advance(hub, [11, 14])
    assert (hub.last, sorted(hub.gaps)) == (14, [12, 13])
    advance(hub, [13])
    assert (hub.last, sorted(hub.gaps)) == (14, [12])


def test_id_that_never_comes_is_forgotten() -> None:
    hub = Hub(last=10, gaps={9: monotonic() - FORGET})
    advance(hub, [])
    assert hub.gaps == {}


def test_who_is_far_behind_starts_anew() -> None:
    hub = Hub(last=0)
    advance(hub, list(range(2, BATCH + 2)))
    assert (hub.last, hub.gaps) == (BATCH + 1, {})


async def test_hub_stops_though_its_cancellation_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose(hub: Hub) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectionError from None  # as a driver may

    monkeypatch.setattr(module, "hand_out", lose)
    monkeypatch.setattr(module, "POLL", 0)
    hub = Hub(last=1)
    hub.wake.set()
    task = asyncio.create_task(run_hub(hub))
    await asyncio.sleep(0.01)
    hub.stop()
    task.cancel()
    await asyncio.wait_for(task, 5)


async def test_hub_rests_while_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    begins = iter([(7, {5}), (99, set())])

    async def find() -> tuple[int, set[int]]:
        return next(begins)

    monkeypatch.setattr(module, "find_begin", find)
    hub = Hub()
    assert hub.pause is None
    async with hub.listen(Listener(ME)) as last:
        assert (last, hub.last, list(hub.gaps)) == (7, 7, [5])
        assert hub.pause is not None
        async with hub.listen(Listener(ME)) as last:
            assert (last, hub.last) == (7, 7)
    assert hub.pause is None


async def test_what_is_handed_out_while_somebody_joins_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub, first, second = Hub(), Listener(ME), Listener(ME)

    async def find() -> tuple[int, set[int]]:
        if second in hub.listeners:  # the first one was faster, and hears more by now
            hub.last = 8
            for listener in hub.listeners:
                listener.offer(make_event(8))
        return 6, set()

    monkeypatch.setattr(module, "find_begin", find)
    async with hub.listen(first):
        hub.last = None
        async with hub.listen(second) as last:
            assert (hear_all(first), hear_all(second), last, hub.last) == ([8], [8], 8, 8)


async def test_what_follows_an_event_that_is_gone_is_heard(app: Quart, admin: User) -> None:
    hub, listener = Hub(), Listener(ME)
    async with app.app_context():
        (site,) = await watch("http://a.example")
        async with hub.listen(listener):
            for _ in range(2):
                async with db.begin() as session:
                    comment = await add_comment(session, site, "hello", admin)
                await hand_out(hub)
                async with db.begin() as session:
                    await remove_comment(session, comment, admin)
    assert len(set(hear_all(listener))) == 2
