"""Accounts, from the command line."""

import click
from quart import current_app

from quartapp.cli.with_app import with_app
from quartapp.extensions import db
from quartapp.services.user import add_setup_token

DEFAULT_URL = "http://127.0.0.1:5000"


def setup_url(base: str, token: str) -> str:
    """Return the link under which the first administrator is made."""
    return f"{base}/auth/setup?token={token}"


@click.group("user")
def user_group() -> None:
    """Look after accounts."""


@user_group.command("setup-link")
@with_app
async def setup_link() -> None:
    """Print a link that makes the first administrator; it holds for a day."""
    async with db.begin() as session:
        token = await add_setup_token(session)
    click.echo(setup_url(current_app.config["PUBLIC_URL"] or DEFAULT_URL, token))
