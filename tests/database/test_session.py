"""A session for each request, closed whatever happens; a unit of work of its own elsewhere."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import aiosqlite
import pytest
from quart import Quart, g, websocket
from sqlalchemy import URL, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database import Database
from tests.database.tables import owner, tables
from tests.database.test_contention import KILL, WHO, is_dead
from tests.wire import until

db = Database()


@pytest.fixture
async def app(url: URL, engine: object) -> AsyncIterator[Quart]:
    """A bare application, without anything else of ours; five connections."""
    app = make_app(url)
    async with app.test_app():
        yield app


def make_app(url: URL) -> Quart:
    app = Quart(__name__)
    app.config.from_mapping(
        DATABASE_URL=url.render_as_string(hide_password=False),
        DATABASE_POOL_SIZE=5,
        DATABASE_TIMEOUT=3,
        PGBOUNCER_URL="",
        DATABASE_ECHO=False,
        INSTANCE_PATH=None,
    )
    db.init_app(app)

    @app.route("/<name>", methods=["GET", "POST"])
    async def add(name: str) -> str:
        session = db.session
        await session.execute(insert(owner).values(name=name))
        if name == "fail":
            raise LookupError
        if name != "forget":
            await db.session.commit()
        return str(session is db.session)

    return app


async def count(session: AsyncSession) -> Any:
    return await session.scalar(select(func.count()).select_from(owner))


def find_used(app: Quart) -> int:
    pool: Any = app.extensions["database"].engine.pool
    found: int = pool.checkedout()
    return found


async def test_a_request_has_one_session_and_keeps_what_it_commits(app: Quart) -> None:
    client = app.test_client()

    answers = [await (await client.post(f"/{name}")).get_data() for name in ("Ann", "forget")]

    async with app.app_context():
        assert (answers, await count(db.session)) == ([b"True", b"True"], 1)
    assert find_used(app) == 0


async def test_a_view_that_fails_gives_its_connection_back(app: Quart) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()

    statuses = [(await client.post("/fail")).status_code for _ in range(7)]

    async with app.app_context():
        assert (statuses, await count(db.session)) == ([500] * 7, 0)
    assert find_used(app) == 0


async def test_more_requests_than_connections_take_turns(app: Quart) -> None:
    client = app.test_client()

    answers = await asyncio.gather(*(client.post(f"/{number}") for number in range(25)))

    async with app.app_context():
        assert await count(db.session) == 25
    assert {answer.status_code for answer in answers} == {200}
    assert find_used(app) == 0


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[aiosqlite.Connection]:
    """All that aiosqlite opens, or begins to open."""
    opened: list[aiosqlite.Connection] = []
    connect = aiosqlite.connect

    def note(*args: Any, **options: Any) -> aiosqlite.Connection:
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(aiosqlite, "connect", note)
    return opened


def is_ending(connection: aiosqlite.Connection) -> bool:
    """Tell whether its thread is still at the work of somebody who has gone."""
    return not connection._running and connection._thread.is_alive()


# aiosqlite leaves it to the garbage collector to close what a cancelled opening has opened.
@pytest.mark.filterwarnings("ignore:.*sqlite3.Connection:pytest.PytestUnraisableExceptionWarning")
async def test_a_client_that_leaves_gives_its_connection_back(
    app: Quart, opened: list[aiosqlite.Connection]
) -> None:
    async def leave(number: int) -> None:
        async with app.test_client().request(f"/{number}", method="POST") as connection:
            await connection.send_complete()
            await asyncio.sleep(number / 1000)
            await connection.disconnect()

    await asyncio.gather(*map(leave, range(25)))
    await until(lambda: not any(map(is_ending, opened)))
    opened.clear()
    gc.collect()

    assert find_used(app) == 0
    assert (await app.test_client().post("/Ann")).status_code == 200


async def test_a_session_is_closed_to_its_end_though_the_client_leaves_meanwhile(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    async with app.app_context():
        for turns in range(1, 15):  # of the loop, until the client has left
            await count(db.session)
            closing = asyncio.create_task(db.discard())
            for _ in range(turns):
                await asyncio.sleep(0)
            closing.cancel()
            await asyncio.wait([closing])

            assert (turns, caplog.messages, find_used(app)) == (turns, [], 0)


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_get_waits_for_no_writer(app: Quart) -> None:
    @app.route("/", methods=["GET", "HEAD"])
    async def index() -> str:
        return str(await count(db.session))

    async with app.app_context(), db.begin() as session:
        await session.execute(insert(owner).values(name="Ann"))
        response = await app.test_client().get("/")  # who waits finds the file locked to the end

    assert await response.get_data() == b"0"


async def test_begin_commits_at_the_end_and_rolls_back_on_error(app: Quart) -> None:
    async with app.app_context():
        async with db.begin() as session:
            await session.execute(insert(owner).values(name="Ann"))
        with pytest.raises(IntegrityError):
            async with db.begin() as session:
                await session.execute(insert(owner).values([{"name": "Bob"}, {"name": "Ann"}]))
        async with db.begin() as session:
            assert await count(session) == 1

    assert find_used(app) == 0


async def test_discard_forgets_and_the_next_session_is_new(app: Quart) -> None:
    async with app.app_context():
        first = db.session
        await first.execute(insert(owner).values(name="Ann"))
        await db.discard()
        await db.discard()

        assert "db_session" not in g
        assert db.session is not first
        assert await count(db.session) == 0


async def test_a_background_task_has_a_session_of_its_own(app: Quart) -> None:
    found: list[AsyncSession] = []

    async def note() -> None:
        found.append(db.session)
        await db.session.execute(insert(owner).values(name="Ann"))
        await db.session.commit()

    async with app.app_context():
        outer = db.session
        app.add_background_task(note)
        await asyncio.gather(*app.background_tasks)

        assert await count(outer) == 1
    assert found != [outer]
    assert find_used(app) == 0


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_socket_has_no_session_but_units_of_work(app: Quart) -> None:
    @app.websocket("/socket")
    async def talk() -> None:
        with pytest.raises(RuntimeError, match="A socket lives long"):
            _ = db.session
        async with db.begin() as session:
            await session.execute(insert(owner).values(name=await websocket.receive()))
            await websocket.send(str(await count(session)))

    async with app.test_client().websocket("/socket") as socket:
        await socket.send("Ann")
        assert await socket.receive() == "1"


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
async def test_an_answer_is_given_though_the_session_cannot_be_closed(app: Quart) -> None:
    drivers: list[Any] = []

    @app.get("/")
    async def index() -> str:
        name = db.engine.dialect.name
        victim = await db.session.scalar(text(WHO[name]))
        connection = await db.session.connection()
        drivers.append((await connection.get_raw_connection()).dbapi_connection)
        async with db.begin() as session:
            await session.execute(text(KILL[name].format(victim)))
        return "made"

    response = await app.test_client().get("/")

    assert (response.status_code, await response.get_data()) == (200, b"made")
    assert find_used(app) == 0
    await until(lambda: is_dead(drivers[0]))  # before its end is test_goodbye.py
    assert (await app.test_client().post("/Ann")).status_code == 200


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_each_app_has_its_own_database(app: Quart, url: URL, tmp_path: Any) -> None:
    other = make_app(url.set(database=str(tmp_path / "test_other.db")))
    async with other.app_context():
        async with db.engine.begin() as connection:
            await connection.run_sync(tables.create_all)
        await db.session.execute(insert(owner).values(name="Ann"))
        await db.session.commit()
        await db.engine.dispose()

    async with app.app_context():
        assert await count(db.session) == 0


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_the_connections_end_with_the_app(url: URL, engine: object) -> None:
    app = make_app(url)
    pool: Any = app.extensions["database"].engine.pool
    async with app.test_app():
        await app.test_client().post("/Ann")
        assert pool.checkedin() == 1

    assert pool.checkedin() == 0
