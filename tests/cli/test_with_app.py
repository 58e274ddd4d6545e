import asyncio
import os
import signal

import click
import pytest
from quart import Quart, current_app
from sqlalchemy import text

from quartapp.cli.with_app import with_app
from quartapp.errors import ConflictError
from quartapp.extensions import db
from tests.cli.conftest import Invoke


@pytest.fixture(autouse=True)
def _commands(new_app: Quart) -> None:
    @new_app.cli.command("count")
    @click.argument("number", type=int)
    @with_app
    async def count(number: int) -> None:
        """Count in the database."""
        async with db.begin() as session:
            found = await session.scalar(text("SELECT :number + 1"), {"number": number})
        click.echo(f"{current_app.name}: {found}, {db.engine.pool.status()}")

    @new_app.cli.command("clash")
    @with_app
    async def clash() -> None:
        raise ConflictError("The name is taken.")

    @new_app.cli.command("ask")
    @with_app
    async def ask() -> None:
        async with db.begin() as session:
            await session.execute(text("SELECT * FROM entity"))

    @new_app.cli.command("err")
    @with_app
    async def err() -> None:
        raise KeyError("a mistake")

    @new_app.cli.command("hang")
    @with_app
    async def hang() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(30)


def test_command_awaits_inside_the_application(invoke: Invoke) -> None:
    result = invoke("count", "41")

    assert result.exit_code == 0, result.output
    assert result.output.startswith("quartapp: 42, ")


def test_command_keeps_its_help(invoke: Invoke) -> None:
    assert "Count in the database." in invoke("count", "--help").output


def test_connections_are_closed_at_the_end(invoke: Invoke, new_app: Quart) -> None:
    invoke("count", "1")

    assert "Connections in pool: 0" in new_app.extensions["database"].engine.pool.status()


def test_expected_failure_is_one_line(invoke: Invoke) -> None:
    result = invoke("clash")
    assert (result.exit_code, result.stderr) == (1, "Error: The name is taken.\n")


def test_database_behind_is_one_line(invoke: Invoke) -> None:
    result = invoke("ask")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The database is behind this version; run: quartapp db upgrade"
        " (no such table: entity)\n"
    )


def test_mistake_keeps_its_traceback(invoke: Invoke) -> None:
    assert isinstance(invoke("err").exception, KeyError)


def test_interrupted_command_ends_quietly(invoke: Invoke) -> None:
    result = invoke("hang")
    assert (result.exit_code, result.output) == (130, "")
