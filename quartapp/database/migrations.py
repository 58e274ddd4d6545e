"""Bring a database to this version, one starter at a time; tell whether it is there."""

import logging
from enum import Enum
from functools import cache, partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from quartapp.database.failures import Failure, find_failure
from quartapp.database.schema import find_unusable
from quartapp.database.turns import run_in_turn
from quartapp.database.url import is_in_memory
from quartapp.models import Base
from quartapp.texts import Text

PACKAGE = Path(__file__).parents[1]

VERSIONS = table("alembic_version", column("version_num"))

logger = logging.getLogger(__name__)


def is_news(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO or str(record.msg).startswith("Running")


# Alembic tells of itself at each start; what it does to the database is worth a line.
logging.getLogger("alembic.runtime.migration").addFilter(is_news)
for name in ("alembic.config", "alembic.runtime.plugins"):
    logging.getLogger(name).setLevel(logging.WARNING)


class Revision(Enum):
    """How a database stands to this version of the code."""

    CURRENT = Text("The database is at this version.")
    BEHIND = Failure.BEHIND.value
    EMPTY = Text("The database has no tables yet; run: quartapp db upgrade")
    AHEAD = Text("The database was migrated by a newer version; this one can go on with it.")
    UNKNOWN = Text("The database was migrated by a newer version; install that one.")

    @property
    def is_usable(self) -> bool:
        """Tell whether this version may serve on such a database."""
        return self in (Revision.CURRENT, Revision.AHEAD)


# --- the revisions of the code


def find_home() -> Path:
    """Return the folder of alembic.ini and alembic/: in an installed package, else the sources."""
    installed = PACKAGE / "_alembic"
    return installed if installed.is_dir() else PACKAGE.parent


def make_config(**given: Any) -> Config:
    """Return Alembic's configuration; *given* is what `Config` takes besides the file."""
    return Config(find_home() / "alembic.ini", **given)


@cache
def load_scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(make_config())


@cache
def find_heads() -> frozenset[str]:
    return frozenset(load_scripts().get_heads())


@cache
def find_known() -> frozenset[str]:
    return frozenset(script.revision for script in load_scripts().walk_revisions())


# --- the revision of a database

# Newer revisions that were found somewhere: to look at all columns takes too long for each /readyz.
judged: dict[tuple[URL, frozenset[str]], Revision] = {}


def read_revisions(connection: Connection) -> frozenset[str]:
    if not inspect(connection).has_table(VERSIONS.name):
        return frozenset()
    return frozenset(connection.scalars(select(VERSIONS.c.version_num)))


def compare_revisions(found: frozenset[str]) -> Revision:
    if not found:
        return Revision.EMPTY
    if not found <= find_known():
        return Revision.UNKNOWN
    return Revision.CURRENT if found == find_heads() else Revision.BEHIND


async def find_revisions(connection: AsyncConnection) -> frozenset[str]:
    """Return the revisions that the database has."""
    return await connection.run_sync(read_revisions)


async def find_revision_state(connection: AsyncConnection) -> Revision:
    """Tell how the database stands to this version of the code."""
    return await connection.run_sync(judge)


def judge(connection: Connection) -> Revision:
    """Tell of a newer database whether this version can use it, as it must while it is replaced."""
    found = read_revisions(connection)
    state = compare_revisions(found)
    if state is not Revision.UNKNOWN:
        return state
    place = connection.engine.url, found
    if place not in judged:
        is_usable = not find_unusable(connection, Base.metadata)
        judged[place] = Revision.AHEAD if is_usable else Revision.UNKNOWN
    return judged[place]


async def warn_if_behind(engine: AsyncEngine) -> None:
    """Log one line when the database does not fit this version, or cannot be asked."""
    try:
        async with engine.execution_options(reads_only=True).connect() as connection:
            revision = await find_revision_state(connection)
    except Exception as error:
        if (failure := find_failure(error)) is None:
            raise
        logger.warning(failure.value)
        return
    if revision is not Revision.CURRENT:
        logger.warning(revision.value)


# --- migrating


async def upgrade(engine: AsyncEngine, revision: str = "head", url: URL | None = None) -> None:
    """Migrate the database of *engine*, when no other migration runs.

    *url* is its own address, where the engine may lead to pgbouncer.
    """
    work = partial(upgrade_connection, revision)
    if is_in_memory(engine.url):  # nobody else has it, nor would another engine
        async with engine.connect() as connection:
            await connection.run_sync(work)
    else:
        await run_in_turn(url or engine.url, work)


def upgrade_connection(revision: str, connection: Connection) -> None:
    command.upgrade(make_config(attributes={"connection": connection}), revision)
