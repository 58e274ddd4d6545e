"""Accounts, from the command line."""

import click
from quart import current_app

from quartapp.cli.personal import export_command
from quartapp.cli.with_app import with_app
from quartapp.cli.words import read_email, read_password, read_username
from quartapp.extensions import db
from quartapp.mail.links import DEFAULT_URL, RESET, write_link
from quartapp.mail.notices import tell_factors_forgotten
from quartapp.models import Role
from quartapp.services.password import find_own_words, make_password_hash
from quartapp.services.people import (
    add_reset_link,
    disable_user,
    edit_role,
    enable_user,
    forget_factors,
    get_user_by_name,
)
from quartapp.services.session import end_sessions
from quartapp.services.user import add_setup_token, add_user

ROLES = click.Choice([role.value for role in Role])


def setup_url(base: str, token: str) -> str:
    """Return the link under which the first administrator is made."""
    return f"{base}/auth/setup?token={token}"


@click.group("user")
def user_group() -> None:
    """Look after accounts."""


user_group.add_command(export_command)


@user_group.command("setup-link")
@with_app
async def setup_link() -> None:
    """Print a link that makes the first administrator; it holds for a day."""
    async with db.begin() as session:
        token = await add_setup_token(session)
    click.echo(setup_url(current_app.config["PUBLIC_URL"] or DEFAULT_URL, token))


@user_group.command("create")
@click.argument("name")
@click.option("--email", help="The person may sign in with it as well.")
@click.option("--role", type=ROLES, default=Role.VIEWER.value, show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
@with_app
async def create(name: str, email: str | None, role: str, password_stdin: bool) -> None:
    """Make an account; the password is asked for, and not shown."""
    name, email = read_username(name), read_email(email)
    own_words = find_own_words(name, email)
    password_hash = await make_password_hash(read_password(password_stdin), own_words=own_words)
    async with db.begin() as session:
        await add_user(
            session, name=name, email=email, role=Role(role), password_hash=password_hash
        )
    click.echo(f"{name} may sign in, as {role}.")


@user_group.command("promote")
@click.argument("name")
@click.option("--role", type=ROLES, default=Role.ADMIN.value, show_default=True)
@with_app
async def promote(name: str, role: str) -> None:
    """Give somebody another role; every browser of theirs is signed out."""
    async with db.begin() as session:
        await edit_role(session, await get_user_by_name(session, name), Role(role), None)
    click.echo(f"The role of {name} is {role}.")


@user_group.command("disable")
@click.argument("name")
@with_app
async def disable(name: str) -> None:
    """Let somebody in no more: sessions end, tokens are refused."""
    async with db.begin() as session:
        await disable_user(session, await get_user_by_name(session, name), None)
    click.echo(f"{name} comes in no more.")


@user_group.command("enable")
@click.argument("name")
@with_app
async def enable(name: str) -> None:
    """Let somebody in again who was disabled."""
    async with db.begin() as session:
        await enable_user(session, await get_user_by_name(session, name), None)
    click.echo(f"{name} may come in again.")


@user_group.command("reset-password")
@click.argument("name")
@with_app
async def reset_password(name: str) -> None:
    """Print a link with which somebody chooses a new password; it holds for 30 minutes."""
    async with db.begin() as session:
        token = await add_reset_link(session, await get_user_by_name(session, name), None)
    click.echo(write_link(RESET, token))


@user_group.command("forget-factors")
@click.argument("name")
@with_app
async def forget_factors_command(name: str) -> None:
    """Remove a second factor that is lost; a link, sent or printed, leads to a new password."""
    async with db.begin() as session:
        user = await get_user_by_name(session, name)
        token = await forget_factors(session, user, None)
        link = await tell_factors_forgotten(session, user, token)
    click.echo(link or f"{name} chooses a new password by the link in the mail.")


@user_group.group("sessions")
def sessions_group() -> None:
    """Look after the browsers in which somebody is signed in."""


@sessions_group.command("revoke")
@click.argument("name")
@with_app
async def revoke_sessions(name: str) -> None:
    """Sign somebody out of every browser."""
    async with db.begin() as session:
        await end_sessions(session, await get_user_by_name(session, name), None)
    click.echo(f"Every browser of {name} is signed out.")
