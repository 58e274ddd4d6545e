"""`/api/v1/live`: what happens in any process is heard on every socket, by who may see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from quartapp import create_app
from quartapp.api.v1 import live as module
from quartapp.app import QuartApp
from quartapp.asgi.wrappers import Websocket
from quartapp.extensions import db
from quartapp.live import Listener
from quartapp.models import Entity, Event, EventKind, User, utcnow
from quartapp.services.event import add_event
from tests.api.helpers import add_site
from tests.helpers import add_person, make_bearer
from tests.wire import SocketClient, open_socket, read_refusal, serving, shake_hands

LIVE = "/api/v1/live"


@pytest.fixture
async def owner(fresh_app: QuartApp) -> User:
    async with fresh_app.app_context(), db.begin() as session:
        return await add_person(session, "owner")


@pytest.fixture
async def entity(fresh_app: QuartApp, owner: User) -> Entity:
    return await add_site(fresh_app, owner)


@asynccontextmanager
async def listening(app: QuartApp, port: int, owner: User) -> AsyncIterator[SocketClient]:
    async with app.app_context(), db.begin() as session:
        bearer = (await make_bearer(session, owner))["Authorization"].encode()
    async with open_socket(port, LIVE, (b"Authorization", bearer)) as client:
        await shake_hands(client)
        yield client


async def hear(client: SocketClient) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await client.hear())
    return found


async def happen(
    app: QuartApp, entity: Entity, title: str, kind: EventKind = EventKind.DOWN
) -> int:
    async with app.app_context(), db.begin() as session:
        return (await add_event(session, entity.id, kind, utcnow(), title)).id


async def test_socket_says_connected_then_tells_what_happens(
    fresh_app: QuartApp, entity: Entity, owner: User
) -> None:
    before = await happen(fresh_app, entity, "before")
    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        assert await hear(client) == {"event": "connected", "id": before, "heartbeat": 25.0}
        number = await happen(fresh_app, entity, "It is down")
        told = await hear(client)

    assert told == {
        "event": "usability.down",
        "id": number,
        "at": told["at"],
        "entity": {
            "id": entity.id,
            "name": entity.name,
            "slug": entity.slug,
            "url": entity.url,
        },
        "title": "It is down",
        "detail": "",
        "subject_id": None,
        "author": None,
    }


async def test_event_of_one_process_is_heard_in_all(
    fresh_app: QuartApp, entity: Entity, owner: User, database_url: str
) -> None:
    other = create_app({"TESTING": True, "DATABASE_URL": database_url})
    async with (
        serving(fresh_app) as port,
        serving(other) as second,
        listening(fresh_app, port, owner) as here,
        listening(other, second, owner) as there,
    ):
        for client in (here, there):
            await hear(client)
        number = await happen(fresh_app, entity, "It is down")
        assert [(await hear(client))["id"] for client in (here, there)] == [number, number]


@pytest.mark.parametrize("database_kind", ["postgres", "mariadb"])  # SQLite has one writer
async def test_transaction_that_commits_late_is_heard_late(
    fresh_app: QuartApp, entity: Entity, owner: User
) -> None:
    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        await hear(client)
        async with fresh_app.app_context(), db.begin() as session:
            late = await add_event(session, entity.id, EventKind.UP, utcnow(), "late")
            await happen(fresh_app, entity, "soon")
            assert (await hear(client))["title"] == "soon"
            number = late.id
        assert (await hear(client))["id"] == number


@pytest.mark.parametrize("database_kind", ["postgres", "mariadb"])  # SQLite has one writer
async def test_who_comes_back_hears_what_was_committed_late(
    fresh_app: QuartApp, entity: Entity, owner: User
) -> None:
    async with fresh_app.app_context(), db.begin() as session:
        late = (await add_event(session, entity.id, EventKind.UP, utcnow(), "late")).id
        known = await happen(fresh_app, entity, "soon")

    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        await hear(client)
        await client.say(json.dumps({"event": "subscribe", "since": known}))
        assert await hear(client) == {"event": "subscribed"}
        assert (await hear(client))["id"] == late < known


async def test_subscription_narrows_what_is_heard(
    fresh_app: QuartApp, entity: Entity, owner: User
) -> None:
    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        begin = (await hear(client))["id"]
        await happen(fresh_app, entity, "not asked for")
        wanted = await happen(fresh_app, entity, "Weak", EventKind.BUG_OPENED)
        asked = {"event": "subscribe", "topics": ["bug"], "entities": [entity.id], "since": begin}
        await client.say(json.dumps(asked))
        while (await hear(client)) != {"event": "subscribed"}:
            pass
        assert (await hear(client))["id"] == wanted
        await happen(fresh_app, entity, "not asked for")
        wanted = await happen(fresh_app, entity, "Weak again", EventKind.BUG_OPENED)
        heard = [await hear(client)]
        while heard[-1]["title"] == "Weak":  # as it happened, and again as asked for
            heard.append(await hear(client))

    assert heard[-1]["id"] == wanted


async def test_who_missed_too_much_is_told_to_read_the_lists(
    fresh_app: QuartApp, entity: Entity, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REPLAY", 2)
    for number in range(3):
        await happen(fresh_app, entity, f"Event {number}")
    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        await hear(client)
        await client.say('{"event": "subscribe", "since": 0}')
        assert [await hear(client) for _ in range(2)] == [
            {"event": "subscribed"},
            {"event": "resync"},
        ]


async def test_silence_is_broken_by_heartbeats(
    fresh_app: QuartApp, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", 0.05)
    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        await hear(client)
        assert await hear(client) == {"event": "heartbeat"}


async def test_client_that_takes_nothing_for_long_is_left(
    fresh_app: QuartApp, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    monkeypatch.setattr(module, "HEARTBEAT", 0.05)

    async def wait(_self: Websocket, _text: str) -> None:
        await asyncio.sleep(60)

    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        await hear(client)
        monkeypatch.setattr(Websocket, "send_now", wait)
        assert await client.read_close() == (1013, "You are too slow.")


async def test_socket_that_cannot_be_told_is_closed(
    fresh_app: QuartApp, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its client would wait for ever, and believe that nothing happens."""
    monkeypatch.setattr(module, "HEARTBEAT", 0.05)

    async def fail(_self: Websocket, _text: str) -> None:
        raise ValueError("secret")

    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        await hear(client)
        monkeypatch.setattr(Websocket, "send_now", fail)
        assert await client.read_close() == (
            1011,
            "Something went wrong here; it has been noted.",
        )


async def test_client_that_was_idle_for_long_is_not_slow() -> None:
    listener = Listener(User(id=1, name="me"))
    teller = module.Teller(cast(Any, None), listener, cast(Any, None))
    teller.start()
    await asyncio.sleep(0)  # there is nothing to tell
    teller.began_at -= 2 * module.PATIENCE
    listener.offer(Event(id=1, entity_id=1, kind=EventKind.DOWN, entity=Entity(id=1)))
    teller.beat()  # before anything could be sent
    is_over = teller.is_over
    await teller.stop()

    assert not is_over


@pytest.mark.parametrize(
    "message", ["", "{}", "[1]", '{"event": "subscribe", "topics": ["weather"]}', "\ufffd", b"\xff"]
)
async def test_wrong_message_closes_the_socket(
    fresh_app: QuartApp, owner: User, message: str | bytes
) -> None:
    async with serving(fresh_app) as port, listening(fresh_app, port, owner) as client:
        await hear(client)
        await client.say(message)
        assert (await client.read_close())[0] == 1008


async def test_stranger_hears_nothing(fresh_app: QuartApp) -> None:
    async with serving(fresh_app) as port, open_socket(port, LIVE) as client:
        assert (await read_refusal(client))[0] == 401
