"""Looks at sites, from the command line."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from time import monotonic

import click

from quartapp.cli.with_app import with_app
from quartapp.errors import NotFoundError
from quartapp.extensions import db
from quartapp.models import Entity
from quartapp.models.look import Outcome, Phases
from quartapp.models.share import PER_HOST
from quartapp.monitoring import open_watcher
from quartapp.monitoring.lanes import Lanes
from quartapp.monitoring.watch import Watcher, judge, look_at
from quartapp.services.check import find_host
from quartapp.services.claim import ask_time, claim_check
from quartapp.services.entity import find_entities
from quartapp.services.result import Report, record_reports

PHASES = {
    "waited": "waited for a turn",
    "dns": "name",
    "connect": "connection",
    "tls": "TLS",
    "first_byte": "first byte",
    "total": "altogether",
}


@click.group("check")
def check_group() -> None:
    """Look at sites."""


@check_group.command("run")
@click.argument("names", metavar="[ENTITY]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Look at every site.")
@with_app
async def run(names: tuple[str, ...], is_all: bool) -> None:
    """Look at sites now, by name or slug, and show each phase; exit code 1 if one is not well."""
    if bool(names) == is_all:
        raise click.UsageError("Name sites, or say --all.")
    async with db.read() as session:
        entities = await find_entities(session, names)
    async with open_watcher(patience=None) as watcher:
        meter = asyncio.create_task(watcher.lag.run())
        reports = await run_each(watcher, entities)
        meter.cancel()
    if any(report.verdict.outcome is not Outcome.OK for report in reports):
        raise click.exceptions.Exit(1)


async def run_each(watcher: Watcher, entities: list[Entity]) -> list[Report]:
    """Look at as many at once as a worker does, at no more of one host."""
    if len(entities) == 1:
        return [show(entities[0], await run_one(watcher, entities[0]))]
    lanes, slots = Lanes(PER_HOST), asyncio.Semaphore(watcher.slots)
    reports: dict[int, Report] = {}
    with click.progressbar(length=len(entities), label="Looking", show_pos=True) as bar:

        async def run_in_turn(entity: Entity) -> None:
            with suppress(NotFoundError):  # removed since the list of them was read
                async with lanes.hold(find_host(entity.url)), slots:
                    reports[entity.id] = await run_one(watcher, entity)
            bar.update(1)

        await asyncio.gather(*map(run_in_turn, entities))
    return [show(entity, reports[entity.id]) for entity in entities if entity.id in reports]


async def run_one(watcher: Watcher, entity: Entity) -> Report:
    """Claim, look, judge, record: what a worker does, whatever the time."""
    began = monotonic()
    async with db.begin() as session:
        now, lease = await ask_time(session), timedelta(seconds=watcher.lease)
        job = await claim_check(session, entity, now=now, lease=lease)
    seen = await look_at(watcher, job)
    report = Report(job, seen, await judge(watcher, job, seen, began))
    async with db.begin() as session:
        await record_reports(session, [report], await ask_time(session))
    return report


def show(entity: Entity, report: Report) -> Report:
    status = report.look.status or report.verdict.reason
    click.echo(f"{entity}: {report.verdict.outcome} ({status}) {report.verdict.detail}".rstrip())
    for hop in report.look.hops:
        click.echo(f"  redirected by {hop}")
    for line in describe(report.look.phases):
        click.echo(f"  {line}")
    return report


def describe(phases: Phases) -> Iterable[str]:
    for field, label in PHASES.items():
        seconds = getattr(phases, field)
        if seconds:
            yield f"{label:<18}{seconds * 1000:>9.1f} ms"
