"""Sites from files and into files, from the command line."""

from collections.abc import Iterator
from typing import IO, Any

import click
from quart import current_app
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from quartapp.api.export import make_writer
from quartapp.api.v1.schemas import EntityOut
from quartapp.cli.progress import show_progress
from quartapp.cli.with_app import with_app
from quartapp.errors import InvalidError
from quartapp.extensions import db
from quartapp.models import Entity, User
from quartapp.models.address import read_bounds
from quartapp.services.export import Reading
from quartapp.services.people import get_user_by_name
from quartapp.services.rights import refuse_viewer
from quartapp.services.site_file import decode
from quartapp.services.site_import import (
    Plan,
    Source,
    add_sites,
    group_sites,
    list_rest,
    plan_import,
    write_added,
)

FORMATS = click.Choice(["csv", "ndjson"])
SOURCES = click.Choice([Source.KUMA.value, Source.GATUS.value])
MAX_FOREIGN = 16 * 1024 * 1024  # bytes of another program's file


@click.group("site")
def site_group() -> None:
    """Import and export sites."""


@site_group.command("import")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--from", "source", type=SOURCES, help="Uptime Kuma's backup, or Gatus' YAML.")
@click.option("--skip-existing", is_flag=True, help="Pass over names that are taken.")
@click.option("--skip-faulty", is_flag=True, help="Pass over what cannot be added, and tell it.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and add nothing.")
@click.option("--owner", metavar="NAME", help="Who owns the sites; nobody, if not given.")
@with_app
async def import_command(
    file: str, source: str | None, dry_run: bool, owner: str | None, **skips: bool
) -> None:
    """Add the sites of FILE (CSV, JSON lines or a JSON list; - is the standard input), or none."""
    kind = Source(source or Source.OWN)
    text, bounds = read_file(file, kind), read_bounds(current_app.config)
    async with db.begin() as session:
        person = await find_owner(session, owner)
        try:
            plan = await plan_import(session, text, bounds, source=kind, **skips)
        except InvalidError as error:
            show_faults(error)
            raise
        for line in list_rest(plan):
            click.echo(line, err=True)
        if not dry_run:
            with show_progress("Importing", len(plan.sites)) as tell:
                async for done in add_sites(session, plan, person):
                    tell(done)
            await group_sites(session, plan)
    click.echo(write_planned(plan) if dry_run else write_added(plan))


def write_planned(plan: Plan) -> str:
    return f"Would add {len(plan.sites):,} sites; {plan.skipped:,} are there already."


def read_file(path: str, source: Source) -> str:
    most = -1 if source is Source.OWN else MAX_FOREIGN + 1
    try:
        with click.open_file(path, "rb") as file:
            data = file.read(most)
    except OSError as error:
        raise InvalidError(f"{path} cannot be read: {error.strerror}.") from error
    if source is not Source.OWN and len(data) > MAX_FOREIGN:
        raise InvalidError(f"{path} has more than {MAX_FOREIGN >> 20} MiB.")
    return decode(data)


async def find_owner(session: AsyncSession, name: str | None) -> User | None:
    if name is None:
        return None
    person = await get_user_by_name(session, name)
    refuse_viewer(person)
    return person


def show_faults(error: InvalidError) -> None:
    """Write a line for each fault, when there are more than the message itself says."""
    if len(error.errors) > 1:
        for fault in error.errors:
            click.echo(fault.msg, err=True)


@site_group.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@click.option("--format", "kind", type=FORMATS, default="csv", show_default=True)
@with_app
async def export_command(file: IO[str], kind: str) -> None:
    """Write all sites into FILE, or to the standard output, as `site import` takes them."""
    head, write = make_writer(kind, EntityOut)
    reading, done = Reading(select(Entity).options(joinedload(Entity.owner)), Entity.id), 0
    async with db.read() as session:
        total = await session.scalar(select(func.count()).select_from(Entity)) or 0
        part = await reading.read_after(session)
        file.write(head)
        with show_progress("Exporting", total) as tell:
            while part:
                file.write(write(to_values(part)))
                tell(done := done + len(part))
                part = await reading.read_after(session, part[-1])


def to_values(entities: list[Entity]) -> Iterator[dict[str, Any]]:
    return (EntityOut.model_validate(entity).model_dump(mode="json") for entity in entities)
