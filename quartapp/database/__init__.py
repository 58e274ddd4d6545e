"""The database extension: an engine an app, a session a request, others by `begin()`, `read()`."""

import logging
from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, TypeVar

from quart import Quart, current_app, g, has_request_context, has_websocket_context, request
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from quartapp.database.engine import make_engine, make_reading
from quartapp.database.failures import classify, find_failure, is_lock_timeout, is_retriable
from quartapp.database.sharing import Load, Sharer
from quartapp.database.url import parse_url, place_file

__all__ = ["Database", "classify", "is_lock_timeout", "is_retriable"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

logger = logging.getLogger(__name__)
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class State(NamedTuple):
    """What one app has of the extension."""

    engine: AsyncEngine
    url: URL  # of the database itself, also where the engine leads to pgbouncer
    readers: async_sessionmaker[AsyncSession]
    writers: async_sessionmaker[AsyncSession]
    sharers: dict[Any, Sharer[Any, Any]]  # by what they load with


class Database:
    """Give every request its own session and close it when the request ends."""

    def init_app(self, app: Quart) -> None:
        url = place_file(parse_url(app.config["DATABASE_URL"]), app.config["INSTANCE_PATH"])
        pgbouncer = app.config["PGBOUNCER_URL"]
        engine = make_engine(
            parse_url(pgbouncer) if pgbouncer else url,
            pool_size=app.config["DATABASE_POOL_SIZE"],
            timeout=app.config["DATABASE_TIMEOUT"],
            echo=app.config["DATABASE_ECHO"],
            is_pgbouncer=bool(pgbouncer),
        )
        app.extensions["database"] = State(
            engine,
            url,
            async_sessionmaker(make_reading(engine), expire_on_commit=False),
            async_sessionmaker(engine, expire_on_commit=False),
            {},
        )
        app.teardown_appcontext(_close_session)
        app.after_serving(engine.dispose)

    @property
    def engine(self) -> AsyncEngine:
        return self._state.engine

    @property
    def url(self) -> URL:
        """The address for what holds on to its connection."""
        return self._state.url

    @property
    def session(self) -> AsyncSession:
        """The session of this request, made on first use; a GET's one takes no write lock.

        Its `info` has the address that asks, for the audit log.
        """
        if has_websocket_context():
            raise RuntimeError("A socket lives long: use db.begin() for each message.")
        if "db_session" not in g:
            reads = has_request_context() and request.method in SAFE_METHODS
            info = {"address": request.remote_addr} if has_request_context() else {}
            g.db_session = (self._state.readers if reads else self._state.writers)(info=info)
        session: AsyncSession = g.db_session
        return session

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A unit of work of its own: commit at the end, roll back on error."""
        return self._state.writers.begin()

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session that only reads, and so waits for no writer; nothing is committed."""
        return self._state.readers()

    @property
    def readers(self) -> Callable[[], AbstractAsyncContextManager[AsyncSession]]:
        """As `read`, for what goes on when its request is over: a stream."""
        return self._state.readers

    async def share(self, load: Load[K, V], key: K) -> V | None:
        """Return what *load* finds for *key*, by one statement for all who ask at this moment.

        A session of this request that only read gives its connection back: nobody may hold one and
        wait for what needs another.
        """
        await self._let_go()
        state = self._state
        if current_app.debug or not current_app.config["READ_BATCHES"]:  # whose statement is it?
            async with state.readers() as session:
                return (await load(session, [key])).get(key)
        if load not in state.sharers:
            state.sharers[load] = Sharer(load, state.readers)
        found: V | None = await state.sharers[load].get(key)
        return found

    async def _let_go(self) -> None:
        session: AsyncSession | None = g.get("db_session")
        if session is None or not session.in_transaction():
            return
        if request.method not in SAFE_METHODS:
            raise RuntimeError("What this request has written, others' statements do not see.")
        await session.commit()

    async def discard(self) -> None:
        """Forget this request's session with all it did; the next use makes a new one."""
        await _close_session(None)

    @property
    def _state(self) -> State:
        state: State = current_app.extensions["database"]
        return state


async def _close_session(_error: BaseException | None) -> None:
    session: AsyncSession | None = g.pop("db_session", None)
    if session is None:
        return
    try:
        async with session:  # closes it to the end, while `close` can be cut short by who leaves
            pass
    except SQLAlchemyError as error:
        if find_failure(error) is None:
            raise
        # The answer is made; the database forgets by itself what was not committed.
        logger.warning("A session could not be closed: %s", error)
