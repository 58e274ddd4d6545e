"""`quart db upgrade`: in turn with others, and with a way back where the database has none."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from quartapp.cli.backup_file import name_revisions, place, write_rows
from quartapp.cli.waiting import enter_turn
from quartapp.cli.with_app import find_app
from quartapp.database.files import copy_out
from quartapp.database.migrations import read_revisions
from quartapp.database.schema import find_torn
from quartapp.errors import InvalidError
from quartapp.models import utcnow


def upgrade(
    config: Config,
    revision: str,
    sql: bool = False,
    tag: str | None = None,
    wait: float | None = None,
    backup: Path | None = None,
    no_backup: bool = False,
) -> None:
    """Upgrade to a later version; SQLite and MariaDB are backed up first."""
    if sql:
        command.upgrade(config, revision, sql=True, tag=tag)
        return
    folder = None if no_backup else backup or find_app().config["INSTANCE_PATH"] / "backups"
    asyncio.run(upgrade_in_turn(config, revision, tag, wait, folder))


async def upgrade_in_turn(
    config: Config, revision: str, tag: str | None, wait: float | None, folder: Path | None
) -> None:
    scripts = ScriptDirectory.from_config(config)
    async with AsyncExitStack() as stack:
        connection = await enter_turn(stack, config.attributes["url"], wait)
        found = await connection.run_sync(read_revisions)
        if connection.dialect.name != "sqlite":
            await connection.rollback()  # Alembic begins what it commits
        if folder and has_steps(scripts, revision, found):
            await save(connection, scripts, found, folder)
        await connection.run_sync(partial(run_alembic, config, revision, tag))


def run_alembic(config: Config, revision: str, tag: str | None, connection: Connection) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, revision, tag=tag)


def has_steps(scripts: ScriptDirectory, revision: str, found: frozenset[str]) -> bool:
    """Tell whether a database that has something in it will be changed."""
    try:
        steps = scripts.iterate_revisions(revision, tuple(found), implicit_base=True)
        return bool(found) and any(steps)
    except RevisionError:
        return False  # Alembic will say what is wrong


async def save(
    connection: AsyncConnection, scripts: ScriptDirectory, found: frozenset[str], folder: Path
) -> None:
    """Write all that is kept into *folder*, and say where."""
    if connection.dialect.name == "postgresql":
        return  # which undoes by itself what was cut off
    is_file = connection.dialect.name == "sqlite"
    if not is_file:
        await connection.run_sync(require_whole, scripts, found)
        await connection.rollback()
    with place_in(folder, name_revisions(found), "db" if is_file else "gz") as part:
        if is_file:
            await copy_out(connection.engine, part)
        else:
            await write_rows(connection.engine.url, scripts, found, part)


@contextmanager
def place_in(folder: Path, name: str, suffix: str) -> Iterator[Path]:
    """Give a path to write to, and say at the end what it is called."""
    file = folder / f"{name}-{utcnow():%Y%m%dT%H%M%S.%f}Z.{suffix}"
    with place(file) as part:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield part
    click.echo(f"{file} has all that was kept until now.")


def require_whole(connection: Connection, scripts: ScriptDirectory, found: frozenset[str]) -> None:
    """Refuse what an upgrade left that was cut off, which can be neither saved nor upgraded."""
    if torn := find_torn(connection, scripts, found):
        raise InvalidError(
            f"An upgrade from {name_revisions(found)} was cut off, as {torn} shows. Restore the"
            " backup that it took into an empty database; or mend the tables, and say --no-backup."
        )
