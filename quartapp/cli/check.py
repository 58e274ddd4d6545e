"""Looks at sites, from the command line."""

from collections.abc import Iterable
from datetime import timedelta

import click
from quart import current_app

from quartapp.cli.with_app import with_app
from quartapp.extensions import db
from quartapp.models import Entity
from quartapp.models.expectation import judge
from quartapp.models.look import Outcome, Phases
from quartapp.monitoring import open_own_client
from quartapp.monitoring.client import Client
from quartapp.monitoring.fetch import look
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
    async with open_own_client() as client:
        reports = await run_each(client, entities)
    if any(report.verdict.outcome is not Outcome.OK for report in reports):
        raise click.exceptions.Exit(1)


async def run_each(client: Client, entities: list[Entity]) -> list[Report]:
    if len(entities) == 1:
        return [show(entities[0], await run_one(client, entities[0]))]
    with click.progressbar(entities, label="Looking", show_pos=True) as bar:
        found = [(entity, await run_one(client, entity)) for entity in bar]
    return [show(entity, report) for entity, report in found]


async def run_one(client: Client, entity: Entity) -> Report:
    """Claim, look, record: what a worker does, whatever the time."""
    lease = timedelta(seconds=current_app.config["CHECK_LEASE"])
    async with db.begin() as session:
        now = await ask_time(session)
        job = await claim_check(session, entity, now=now, lease=lease)
    seen = await look(client, job.url, timeout=job.timeout)
    report = Report(job, seen, judge(seen, job.expected))
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
