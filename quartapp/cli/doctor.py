"""`quartapp doctor`: what is wrong, in words, as JSON, and by the exit code."""

import asyncio
import json
from functools import partial

import click
from quart import current_app

from quartapp.cli.with_app import with_app
from quartapp.doctor import Finding, Level
from quartapp.doctor.outside import check_outside
from quartapp.doctor.service import check_service
from quartapp.doctor.settings import check_deploy, check_settings

COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command("doctor")
@click.option("--deploy", is_flag=True, help="Check that it is safe to serve others, too.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of JSON.")
def doctor_command(*, deploy: bool, as_json: bool) -> None:
    """Check the settings, the database, the files, the workers, and what the world sees.

    Ends with 1 when something does not work or is not safe.
    """
    found = list(check_settings())
    can_start = not has_failed(found)
    if deploy:
        found += [finding for finding in check_deploy() if finding not in found]
    if can_start:
        examine(found)
    show(found, as_json=as_json)
    if has_failed(found):
        raise click.exceptions.Exit(1)


def has_failed(found: list[Finding]) -> bool:
    return any(finding.level is Level.FAIL for finding in found)


@partial(with_app)
async def examine(found: list[Finding]) -> None:
    """Look at what the application works with."""
    found.extend([finding async for finding in check_service()])
    if address := current_app.config["PUBLIC_URL"]:
        found += await asyncio.to_thread(lambda: list(check_outside(address)))


def show(found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in found], indent=1))
        return
    for level, topic, text in found:
        click.echo(f"{click.style(f'{level:5}', fg=COLOURS[level])} {topic:11} {text}")
