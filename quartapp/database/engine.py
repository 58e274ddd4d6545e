"""How a connection is opened, kept and given up: time limits, each database's safe settings."""

import asyncio
import os
import sqlite3
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, Connection, Dialect, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from quartapp.database.pool import FairPool, find_time_to_open
from quartapp.database.silence import Silence
from quartapp.database.url import is_in_memory

# Seconds. A server that freezes holds no request longer than 5 s (threats F-PGHANG): who is at work
# waits for TIMEOUT and SLACK; who has no connection waits for one, and opens one, for TIMEOUT
# together or OPENING more. A lock is given up after LOCK of TIMEOUT, and a statement after TIMEOUT:
# they end first, and say what it was.
TIMEOUT, SLACK, LOCK, IDLE = 3, 0.25, 2 / 3, 10
FILE_POOL = 1.5  # a locked file makes its users wait for TIMEOUT, one after another


def make_engine(
    url: URL,
    *,
    pool_size: int = 10,
    timeout: float = TIMEOUT,
    echo: bool = False,
    is_pgbouncer: bool = False,
) -> AsyncEngine:
    """Return an engine for *url*; nothing is opened yet.

    *timeout*: the seconds that a server has for a statement, or to take a connection.
    """
    shared: dict[str, Any] = {
        "echo": echo,
        "hide_parameters": not echo,
        "poolclass": FairPool,
        "pool_size": 1 if is_in_memory(url) else pool_size,  # its connection is all it is
        "max_overflow": 0,
    }
    family = url.get_backend_name()
    if family == "sqlite":
        engine = make_sqlite_engine(url, shared)
    elif family == "postgresql":
        limits = limit_pgbouncer if is_pgbouncer else limit_postgresql
        engine = make_server_engine(url, timeout, {**shared, "connect_args": limits(timeout)})
        event.listen(engine.sync_engine, "invalidate", hang_up)
        event.listen(engine.sync_engine, "close", hang_up)
    else:
        reading = {"isolation_level": "READ COMMITTED", "connect_args": limit_mysql(timeout)}
        engine = make_server_engine(url, timeout, {**shared, **reading})
    event.listen(engine.sync_engine, "handle_error", explain)
    return engine


def make_reading(engine: AsyncEngine) -> AsyncEngine:
    """Return *engine* for who only reads: SQLite locks nothing, PostgreSQL begins no transaction.

    Its transactions read what was committed before each statement, as one statement by itself does;
    without BEGIN and ROLLBACK a read is one round trip in place of three.
    """
    options: dict[str, Any] = {"reads_only": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "AUTOCOMMIT"
    return engine.execution_options(**options)


# --- PostgreSQL, MySQL, MariaDB


def limit_postgresql(timeout: float) -> dict[str, Any]:
    return {
        "timeout": timeout,
        "command_timeout": timeout + SLACK,
        "server_settings": {
            "application_name": "quartapp",
            "statement_timeout": f"{timeout * 1000:.0f}ms",
            "lock_timeout": f"{timeout * LOCK * 1000:.0f}ms",
            "idle_in_transaction_session_timeout": f"{IDLE}s",
            "timezone": "UTC",
            # After a minute, the server gives up who is cut off; else it does after two hours,
            # while a machine that comes back takes as many connections once more.
            "tcp_keepalives_idle": "30",
            "tcp_keepalives_interval": "10",
            "tcp_keepalives_count": "3",
        },
    }


def limit_pgbouncer(timeout: float) -> dict[str, Any]:
    """In transaction mode, each transaction may be on another connection: nothing is kept there.

    So asyncpg gives its statements no names, and the role has the time limits (docs/scaling.md).
    """
    return {
        "timeout": timeout,
        "command_timeout": timeout + SLACK,
        "statement_cache_size": 0,  # asyncpg's
        "prepared_statement_cache_size": 0,  # SQLAlchemy's
        "server_settings": {"application_name": "quartapp", "timezone": "UTC"},
    }


def limit_mysql(timeout: float) -> dict[str, Any]:
    lock = max(1, round(timeout * LOCK))  # whole seconds
    return {
        "connect_timeout": timeout,
        "read_timeout": timeout + SLACK,
        "charset": "utf8mb4",
        # MariaDB and MySQL have different names for a limit: each reads its own comment as a part.
        "init_command": (
            "SET SESSION sql_mode='TRADITIONAL', time_zone='+00:00'"
            f", innodb_lock_wait_timeout={lock}"
            ", group_concat_max_len=4194304"  # MySQL cuts lists after 1,024 bytes
            f" /*M!100303 , max_statement_time={timeout}, idle_transaction_timeout={IDLE} */"
            f" /*!50708 , max_execution_time={timeout * 1000:.0f} */"
        ),
    }


def make_server_engine(url: URL, timeout: float, options: dict[str, Any]) -> AsyncEngine:
    options |= {"pool_timeout": timeout, "pool_recycle": 1800, "pool_use_lifo": True}
    engine = create_async_engine(url, **options)
    Silence(engine.sync_engine)
    event.listen(engine.sync_engine, "do_connect", hasten)
    event.listen(engine.sync_engine, "do_connect", connect)
    event.listen(engine.sync_engine, "checkout", refuse_dead)
    return engine


def hasten(dialect: Dialect, _record: object, _args: Any, options: Any) -> None:
    """Let who waited long for a place not wait as long again at it for a server that is frozen."""
    driver, limit = getattr(dialect.loaded_dbapi, dialect.driver), find_time_to_open()

    async def open_in_time(*args: Any, **options: Any) -> Any:
        async with asyncio.timeout(limit):  # asyncmy's own counts no greeting, nor what follows
            return await driver.connect(*args, **options)

    options["async_creator_fn"] = open_in_time


def connect(dialect: Dialect, _record: object, args: Any, options: Any) -> Any:
    """Connect, and let what the network says be an error of the database."""
    try:
        return dialect.connect(*args, **options)
    except OSError as error:
        message = f"cannot connect ({type(error).__name__}: {error})"
        raise dialect.loaded_dbapi.OperationalError(message) from error


def refuse_dead(connection: Any, _record: object, _proxy: object) -> None:
    """Have a connection replaced that the server closed while nobody used it; asks nobody."""
    driver = connection.driver_connection
    if driver.is_closed() if hasattr(driver, "is_closed") else driver._stream_broken:
        raise DisconnectionError


def hang_up(connection: Any, _record: object, error: BaseException | None = None) -> None:
    """Wait for no goodbye, as a frozen server says none.

    A transaction that was cancelled is left to the driver, which tells the server to stop.
    """
    driver = connection.driver_connection
    if isinstance(error, TimeoutError) or not (driver.is_closed() or driver.is_in_transaction()):
        driver.terminate()


def explain(context: ExceptionContext) -> DBAPIError | None:
    """Wrap what a driver let through as SQLAlchemy wraps all others; mark what cannot go on."""
    error = context.original_exception
    if context.connection is None:
        context.is_disconnect = True  # it never was connected
    if isinstance(error, OSError):
        context.is_disconnect = True
        return OperationalError(context.statement, None, error, connection_invalidated=True)
    if isinstance(error, OverflowError | UnicodeEncodeError):
        return DataError(context.statement, None, error)
    return None


# --- SQLite


def make_sqlite_engine(url: URL, options: dict[str, Any]) -> AsyncEngine:
    options |= {"pool_timeout": FILE_POOL, "connect_args": {"timeout": TIMEOUT}}
    engine = create_async_engine(url, **options)
    event.listen(engine.sync_engine, "do_connect", create_file)
    event.listen(engine.sync_engine, "do_connect", wait_for_goodbye)
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    event.listen(engine.sync_engine, "begin", begin_sqlite)
    return engine


def create_file(_dialect: Dialect, _record: object, args: Any, _options: Any) -> None:
    """Let a new file be its owner's alone; SQLite gives those beside it the same mode."""
    name = args[0]
    if name != ":memory:" and not name.startswith("file:"):
        # Never open one that exists: closing it again would drop SQLite's locks on it.
        with suppress(OSError):  # SQLite finds better words
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def wait_for_goodbye(dialect: Dialect, _record: object, _args: Any, options: Any) -> None:
    """Let a file that cannot be opened leave no thread: it would speak to a loop that is closed."""
    driver = getattr(dialect.loaded_dbapi, dialect.driver)

    async def open_file(*args: Any, **options: Any) -> Any:
        connection = driver.connect(*args, **options)
        connection._thread.daemon = True  # as SQLAlchemy has it
        try:
            return await connection
        except sqlite3.Error:
            connection._thread.join()  # it ends at once
            raise

    options["async_creator_fn"] = open_file


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Let readers go on beside a writer, hold foreign keys, and compare letters of every script."""
    connection.isolation_level = None  # the driver begins nothing; begin_sqlite does
    cursor = connection.cursor()
    switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
    connection.create_function("lower", 1, lower, deterministic=True)


def switch_to_wal(cursor: Any) -> None:
    """Ask again when refused: of several that switch a file at once, SQLite lets only one wait."""
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        await_only(asyncio.sleep(0.01))


def lower(value: object) -> object:
    """SQLite's own lower() knows ASCII only; PostgreSQL's knows every letter, one by one."""
    if not isinstance(value, str) or value.isascii():
        return value.lower() if isinstance(value, str) else value
    return "".join(map(str.lower, value))  # at once, a sigma would depend on what follows it


def begin_sqlite(connection: Connection) -> None:
    """Writers take the lock first: a read that turns into a write would lose updates (0.17)."""
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
