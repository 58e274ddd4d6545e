"""`quart invite`: have somebody register."""

import click

from quartapp.cli.user import ROLES
from quartapp.cli.with_app import with_app
from quartapp.extensions import db
from quartapp.mail.links import send_invitation
from quartapp.models import Role
from quartapp.services.invitation import add_invitation


@click.command("invite")
@click.argument("email")
@click.option("--role", type=ROLES, default=Role.VIEWER.value, show_default=True)
@with_app
async def invite_command(email: str, role: str) -> None:
    """Invite somebody by mail, and print the link that is in it; it holds for 3 days."""
    async with db.begin() as session:
        token, link = await add_invitation(session, email, Role(role), None)
        address = await send_invitation(session, link, token, None)
    click.echo(address)
