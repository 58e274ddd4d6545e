"""API tokens, from the command line."""

import click

from quartapp.cli.with_app import with_app
from quartapp.cli.words import read_token_name
from quartapp.errors import ConflictError
from quartapp.extensions import db
from quartapp.models import Scope
from quartapp.services.people import get_user_by_name
from quartapp.services.token import add_token, remove_token

SCOPES = click.Choice([scope.value for scope in Scope])


@click.group("token")
def token_group() -> None:
    """Look after API tokens."""


@token_group.command("create")
@click.argument("user")
@click.argument("name")
@click.option("--scope", type=SCOPES, default=Scope.WRITE.value, show_default=True)
@with_app
async def create(user: str, name: str, scope: str) -> None:
    """Print a new token that acts for USER; NAME says which program will use it."""
    name = read_token_name(name)
    async with db.begin() as session:
        owner = await get_user_by_name(session, user)
        if not owner.is_active:
            raise ConflictError(f"{user} is disabled.")
        secret, _ = await add_token(session, owner, name, scope=Scope(scope))
    click.echo(secret)


@token_group.command("revoke")
@click.argument("token_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@with_app
async def revoke(token_id: int) -> None:
    """Revoke a token: at once, wherever it is used."""
    async with db.begin() as session:
        row = await remove_token(session, token_id, None)
    click.echo(f"The token {row.name} of {row.user.name} was revoked.")
