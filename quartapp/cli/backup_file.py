"""Files of backups: written so that only a whole one gets its name, and read."""

import gzip
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import click
from alembic.script import ScriptDirectory
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.database.schema import make_schema
from quartapp.database.turns import make_migration_engine
from quartapp.errors import ConflictError
from quartapp.models import utcnow
from quartapp.models.archive import reflect_tables
from quartapp.services.backup import check_backup, read_revision, write_backup
from quartapp.system.process import read_version

LEVEL = 6  # of gzip
# The whole backup is of one moment, however long it takes to read.
ONE_MOMENT: dict[str, dict[str, Any]] = {
    "sqlite": {"reads_only": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "mysql": {"isolation_level": "REPEATABLE READ"},
}


async def write_rows(
    url: URL, scripts: ScriptDirectory, revisions: frozenset[str], file: Path
) -> int:
    """Write all that is kept at these revisions, read it once more, and return how many rows."""
    with make_schema(scripts, revisions) as schema:
        tables = reflect_tables(schema)
    version = read_version("quartapp")
    with create(file) as stream:
        async with open_session(url, reads_only=True) as session:
            lines = write_backup(session, tables, name_revisions(revisions), version, utcnow())
            async for line in lines:
                stream.write(line.encode())
    with open_backup(file) as written:
        read_revision(written)
        return check_backup(tables, written)


def name_revisions(revisions: frozenset[str]) -> str:
    return ", ".join(sorted(revisions))


@contextmanager
def place(file: Path) -> Iterator[Path]:
    """Give a path to write to: when the block ends well, what is there gets the name *file*."""
    if file.exists():
        raise ConflictError(f"{file} is there already; choose another name.")
    part = file.with_name(f"{file.name}.part")
    try:
        yield part
        part.rename(file)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.ClickException(f"{file} cannot be written: {reason}.") from error
    finally:
        with suppress(OSError):  # which has been told
            part.unlink()


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
async def open_session(url: URL, *, reads_only: bool) -> AsyncIterator[AsyncSession]:
    """Open a session whose statements may take as long as they need."""
    engine = make_migration_engine(url)
    options = ONE_MOMENT[url.get_backend_name()] if reads_only else {}
    try:
        async with AsyncSession(engine.execution_options(**options)) as session:
            yield session
    finally:
        await engine.dispose()
