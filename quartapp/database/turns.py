"""Let migrations take turns: whoever starts one waits until no other runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from quartapp.database.engine import connect, explain, make_engine
from quartapp.errors import UnavailableError

WAIT = 60  # s until another one's migration must have ended
CONNECT = 10  # s for the server to let a migration, or a backup, in
LOCK = 10  # s until a table that the app uses must be free, or the migration gives way
POSTGRESQL_KEY = 0x71756172  # any number, of advisory locks that this application takes

POSTGRESQL = {
    "timeout": CONNECT,
    "server_settings": {
        "application_name": "quartapp migration",
        "lock_timeout": "0",  # the role may have limits, for those who come by pgbouncer
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "timezone": "UTC",
    },
}
MYSQL = {
    "connect_timeout": CONNECT,
    "charset": "utf8mb4",
    "init_command": (
        f"SET SESSION sql_mode='TRADITIONAL', time_zone='+00:00', lock_wait_timeout={LOCK}"
    ),
}


async def run_in_turn(url: URL, work: Callable[[Connection], None], wait: float = WAIT) -> None:
    """Do *work* on a connection of its own, when no other migration runs."""
    async with take_turn(url, wait) as connection:
        await connection.run_sync(work)


@asynccontextmanager
async def take_turn(url: URL, wait: float = WAIT) -> AsyncIterator[AsyncConnection]:
    """Give a connection that may migrate while others wait; what is left is committed at the end.

    UnavailableError, or SQLite's own, when another migration does not end within *wait* seconds.
    """
    engine = make_migration_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(wait_for_turn, wait)
            yield connection
            await connection.commit()
    finally:
        await engine.dispose()


def make_migration_engine(url: URL) -> AsyncEngine:
    """Return an engine whose statements may take as long as they need."""
    if url.get_backend_name() == "sqlite":
        engine = make_engine(url)
        event.listen(engine.sync_engine, "connect", prepare_sqlite)
        return engine
    arguments = POSTGRESQL if url.get_backend_name() == "postgresql" else MYSQL
    engine = create_async_engine(url, poolclass=NullPool, connect_args=arguments)
    if url.get_backend_name() == "postgresql":
        event.listen(engine.sync_engine, "do_connect", connect)
    event.listen(engine.sync_engine, "handle_error", explain)
    return engine


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Let a table be rebuilt: with foreign keys on, dropping the old one empties those below it."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


def wait_for_turn(connection: Connection, wait: float) -> None:
    """Take the lock that others wait for; it ends with the connection, however that ends.

    SQLite's is the one writing transaction, which is left open: all that follows is part of it.
    """
    if connection.dialect.name == "sqlite":
        wait_on_sqlite(connection, wait)
    elif connection.dialect.name == "postgresql":
        wait_on_postgresql(connection, wait)
    else:
        wait_on_mysql(connection, wait)


def wait_on_sqlite(connection: Connection, wait: float) -> None:
    cursor = connection.connection.cursor()  # begins nothing yet
    cursor.execute(f"PRAGMA busy_timeout={wait * 1000:.0f}")
    cursor.close()
    connection.begin()


def wait_on_postgresql(connection: Connection, wait: float) -> None:
    limit = text("SELECT set_config('lock_timeout', :limit, false)")
    connection.execute(limit, {"limit": f"{max(wait * 1000, 1):.0f}ms"})  # 0 would be for ever
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": POSTGRESQL_KEY})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == "55P03":  # lock_not_available
            raise_busy(wait)
        raise
    connection.execute(limit, {"limit": f"{LOCK}s"})
    connection.commit()


def wait_on_mysql(connection: Connection, wait: float) -> None:
    # A name counts for the whole server, and has at most 64 characters.
    lock = text("SELECT GET_LOCK(CONCAT('quartapp ', MD5(DATABASE())), :wait)")
    if connection.scalar(lock, {"wait": wait}) != 1:
        raise_busy(wait)
    connection.commit()


def raise_busy(wait: float) -> None:
    raise UnavailableError(f"Another migration has been running for {wait:g} s; try again later.")
