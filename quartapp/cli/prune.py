"""`quartapp prune`: what is past its time goes now, and not when a worker comes to it."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping

import click
from quart import current_app

from quartapp.cli.with_app import with_app
from quartapp.extensions import db
from quartapp.mail.worker import PRUNE_BATCH
from quartapp.models import result, utcnow
from quartapp.monitoring.retain import count_surplus, turn_over
from quartapp.services.prune import count_past, prune_rows


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Count what would be removed, and remove nothing.")
@with_app
async def prune_command(dry_run: bool) -> None:
    """Remove what is past its time, as workers do now and then; tell how many rows of what.

    It may be interrupted at any time: each batch is a transaction, and the rest goes next time.
    """
    days = current_app.config["RESULT_DAYS"]
    if dry_run:
        show_counts(await count_all(days), "would be removed")
        return
    removed: Counter[str] = Counter()
    try:
        async for part in remove_all(days):
            removed.update(part)
    finally:  # whatever ended it, this is done
        show_counts(removed, "removed")


async def count_all(days: int) -> dict[str, int]:
    async with db.read() as session:
        past = await count_past(session, utcnow())
    return past | {result.name: await count_surplus(days)}


async def remove_all(days: int) -> AsyncIterator[Mapping[str, int]]:
    """Yield how many rows of which tables each batch has removed."""
    is_left = True
    while is_left:
        async with db.begin() as session:
            part = await prune_rows(session, now=utcnow(), limit=PRUNE_BATCH)
        yield part
        is_left = any(part.values())
    async for count in turn_over(days):
        yield {result.name: count}


def show_counts(counts: Mapping[str, int], what: str) -> None:
    for table, count in counts.items():
        click.echo(f"{table}: {count:,}")
    click.echo(f"Rows {what}: {sum(counts.values()):,}")
