"""All that is kept, into a file and back, whatever the database is."""

import sqlite3
import zlib
from pathlib import Path

import click

from quartapp.cli.backup_file import name_revisions, open_backup, open_session, place, write_rows
from quartapp.cli.with_app import with_app
from quartapp.database.files import copy_in, is_database
from quartapp.database.migrations import (
    Revision,
    compare_revisions,
    find_revision_state,
    load_scripts,
    read_revisions,
    upgrade,
)
from quartapp.database.schema import make_schema
from quartapp.errors import ConflictError, InvalidError
from quartapp.extensions import db
from quartapp.models.archive import reflect_tables
from quartapp.services.backup import read_backup, read_revision, require_empty


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@with_app
async def backup_command(file: Path) -> None:
    """Write all that is kept into FILE, as it is at one moment, while others go on.

    FILE is read once more before it gets its name. SECRET_KEY is not in it.
    """
    revisions = await find_revisions()
    state = compare_revisions(revisions)
    if state not in (Revision.CURRENT, Revision.BEHIND):
        raise InvalidError(state.value)
    with place(file) as part:
        rows = await write_rows(db.url, load_scripts(), revisions, part)
    click.echo(f"{file} has {rows:,} rows.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@with_app
async def restore_command(file: Path) -> None:
    """Fill an empty database with FILE, all of it or nothing, and compare what is there then."""
    try:
        if is_database(file):
            await restore_copy(file)
        else:
            await restore_rows(file)
    except (OSError, EOFError, UnicodeDecodeError, sqlite3.Error, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.ClickException(f"{file} cannot be read: {reason}.") from error
    click.echo(f"{file} is restored. Its secrets need the SECRET_KEY that it was made with.")
    async with db.engine.connect() as connection:
        state = await find_revision_state(connection)
    if state is not Revision.CURRENT:
        click.echo(state.value)


async def restore_rows(file: Path) -> None:
    with open_backup(file) as lines:
        revisions = require_known(*read_revision(lines))
        await make_tables(revisions)
        with make_schema(load_scripts(), revisions) as schema:
            tables = reflect_tables(schema)
        async with open_session(db.url, reads_only=False) as session:
            await require_empty(session, tables)
            await read_backup(session, tables, lines, tell)
            await session.commit()


async def restore_copy(file: Path) -> None:
    if db.engine.dialect.name != "sqlite":
        raise InvalidError(f"{file} is an SQLite database; it can be restored into SQLite alone.")
    if await find_revisions():
        raise ConflictError("The database has tables; move its file away, or name another one.")
    await copy_in(db.engine, file)


def require_known(name: str, version: str) -> frozenset[str]:
    revisions = frozenset(name.split(", "))
    if compare_revisions(revisions) is Revision.UNKNOWN:
        raise InvalidError(
            f"This backup is of revision {name}, which this version does not know. Restore it with"
            f" quartapp {version} or newer."
        )
    return revisions


async def find_revisions() -> frozenset[str]:
    async with db.engine.connect() as connection:
        return await connection.run_sync(read_revisions)


async def make_tables(revisions: frozenset[str]) -> None:
    """Make the tables of *revisions* where there are none; refuse those of others."""
    found = await find_revisions()
    if found and found != revisions:
        raise ConflictError(
            f"The tables are of revision {name_revisions(found)}, the backup is of"
            f" {name_revisions(revisions)}; restore it into a database without tables."
        )
    for revision in revisions - found:
        await upgrade(db.engine, revision, db.url)


def tell(table: str, rows: int) -> None:
    if rows:
        click.echo(f"{table}: {rows:,}", err=True)
