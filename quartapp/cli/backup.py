"""All that is kept, into a file and back, whatever the database is."""

import gzip
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.cli.with_app import with_app
from quartapp.database.migrations import Revision, find_heads, find_revision_state, upgrade
from quartapp.database.turns import make_migration_engine
from quartapp.errors import ConflictError, InvalidError
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.services.backup import check_backup, read_backup, require_empty, write_backup
from quartapp.system.process import read_version

LEVEL = 6  # of gzip
# The whole backup is of one moment, however long it takes to read.
ONE_MOMENT: dict[str, dict[str, Any]] = {
    "sqlite": {"reads_only": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "mysql": {"isolation_level": "REPEATABLE READ"},
}


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@with_app
async def backup_command(file: Path) -> None:
    """Write all that is kept into FILE, as it is at one moment, while others go on.

    FILE is read once more before it gets its name. SECRET_KEY is not in it.
    """
    refuse_existing(file)
    part = file.with_name(f"{file.name}.part")
    try:
        with create(part) as stream:
            async with open_session(reads_only=True) as session:
                await require_current()
                version = read_version("quartapp")
                async for line in write_backup(session, name_revision(), version, utcnow()):
                    stream.write(line.encode())
        with open_backup(part) as lines:
            rows = check_backup(lines, name_revision())
        part.rename(file)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{file} has {rows:,} rows.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@with_app
async def restore_command(file: Path) -> None:
    """Fill an empty database with FILE, all of it or nothing, and compare what is there then."""
    try:
        with open_backup(file) as lines:
            await upgrade_empty()
            async with open_session(reads_only=False) as session:
                await require_empty(session)
                await read_backup(session, lines, name_revision(), tell)
                await session.commit()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.ClickException(f"{file} cannot be read: {reason}.") from error
    click.echo(f"{file} is restored. Its secrets need the SECRET_KEY that it was made with.")


def name_revision() -> str:
    return ", ".join(sorted(find_heads()))


def refuse_existing(file: Path) -> None:
    if file.exists():
        raise ConflictError(f"{file} is there already; choose another name.")


@contextmanager
def create(file: Path) -> Iterator[gzip.GzipFile]:
    """Open a new file for its owner alone; on the disk at the end of the block."""
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=LEVEL, filename="") as stream:
            yield stream
        raw.flush()
        os.fsync(raw.fileno())


@contextmanager
def open_backup(file: Path) -> Iterator[Iterator[str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="\n") as lines:
        yield iter(lines)


@asynccontextmanager
async def open_session(*, reads_only: bool) -> AsyncIterator[AsyncSession]:
    """Open a session whose statements may take as long as they need."""
    engine = make_migration_engine(db.url)
    options = ONE_MOMENT[db.engine.url.get_backend_name()] if reads_only else {}
    try:
        async with AsyncSession(engine.execution_options(**options)) as session:
            yield session
    finally:
        await engine.dispose()


async def require_current() -> None:
    async with db.engine.connect() as connection:
        state = await find_revision_state(connection)
    if state is not Revision.CURRENT:
        raise InvalidError(state.value)


async def upgrade_empty() -> None:
    """Make the tables where there are none."""
    async with db.engine.connect() as connection:
        state = await find_revision_state(connection)
    if state is Revision.EMPTY:
        await upgrade(db.engine, db.url)
    else:
        await require_current()


def tell(table: str, rows: int) -> None:
    if rows:
        click.echo(f"{table}: {rows:,}", err=True)
