"""All that is kept about a person, into a file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from quartapp.cli.with_app import with_app
from quartapp.errors import ConflictError
from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.services.people import get_user_by_name
from quartapp.services.personal import write_person


@click.command("export")
@click.argument("name")
@click.option("--output", type=click.Path(path_type=Path), help="A new file, for its owner alone.")
@with_app
async def export_command(name: str, output: Path | None) -> None:
    """Write all that is kept about somebody, without secrets, as JSON."""
    async with db.read() as session:
        user = await get_user_by_name(session, name)
    try:
        with open_output(output) as file:
            async for piece in write_person(db.read, user, utcnow()):
                file.write(piece)
    except FileExistsError as error:
        raise ConflictError(f"{output} is there already; choose another name.") from error
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error


@contextmanager
def open_output(path: Path | None) -> Iterator[IO[str]]:
    """Open a new file for its owner alone, which goes again when something fails."""
    if path is None:
        yield sys.stdout
        return
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
