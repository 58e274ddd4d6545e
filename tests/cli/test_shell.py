import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from quart import Quart

from quartapp.cli.shell import shell_command
from tests.cli.conftest import MAIN, Invoke

ADD = "db.session.add(Entity(name='{0}', slug='{0}', url='http://x.org'))\n"
COUNT = "len((await db.session.scalars(select(Entity))).all())\n"
PATIENCE = 20  # s


Say = Callable[..., Result]


@pytest.fixture
def say(invoke: Invoke, new_app: Quart) -> Say:
    """Pipe lines into `shell`, on a database that has tables."""
    assert invoke("db", "upgrade").exit_code == 0
    runner = new_app.test_cli_runner()
    return lambda *lines: runner.invoke(
        shell_command, input="".join(f"{line.rstrip()}\n" for line in lines)
    )


def test_shell_knows_the_app_the_database_and_the_models(say: Say) -> None:
    result = say("app.name, db.session.bind.dialect.name", "select(User)", "g")

    assert result.exit_code == 0, result.output
    first, statement, *_ = result.output.splitlines()
    assert (first, "SELECT" in statement or "Select" in statement) == (
        "('quartapp', 'sqlite')",
        True,
    )


def test_shell_awaits_and_prints_what_comes_out(say: Say) -> None:
    result = say(
        "await db.session.scalar(select(User))", "print(await db.session.get(User, 1))", COUNT
    )

    assert (result.exit_code, result.output) == (0, "None\n0\n")


def test_blocks_need_no_empty_line(say: Say) -> None:
    result = say(
        "async with db.begin() as session:",
        "    session.add(Entity(name='a', slug='a', url='http://x.org'))",
        "for number in range(2):",
        "    number",
        COUNT,
    )
    assert (result.exit_code, result.output) == (0, "0\n1\n1\n")


def test_what_a_statement_leaves_stays_for_the_next(say: Say) -> None:
    result = say(
        "import asyncio",
        "g.number = 41",
        "task = asyncio.create_task(asyncio.sleep(0, 1))",
        "g.number + await task",
    )
    assert (result.exit_code, result.output) == (0, "42\n")


def test_nothing_is_kept_without_a_commit(say: Say) -> None:
    first = say(
        ADD.format("a"), "await db.session.flush()", COUNT, "await db.session.rollback()", COUNT
    )
    second = say(ADD.format("b"), COUNT, "await db.session.commit()")

    assert (first.output, second.output) == ("1\n0\n", "1\n")
    assert say(COUNT).output == "1\n"


def test_bulk_change_can_be_taken_back(say: Say) -> None:
    say(ADD.format("a"), "await db.session.commit()")
    result = say(
        "from sqlalchemy import delete",
        "(await db.session.execute(delete(Entity))).rowcount",
        COUNT,
        "await db.session.rollback()",
        COUNT,
    )
    assert result.output == "1\n0\n1\n"


def test_waiting_prompt_keeps_nobody_from_writing(say: Say) -> None:
    result = say(
        "from sqlite3 import connect",
        "other = connect(app.config['INSTANCE_PATH'] / 'test.db', timeout=0)",
        COUNT,
        "_ = other.execute('BEGIN IMMEDIATE')",
        "other.close()",
    )
    assert (result.exit_code, result.output) == (0, "0\n"), result.stderr


def test_change_of_others_is_seen_at_once(say: Say) -> None:
    other = ["async with db.begin() as session:", "    session." + ADD.removeprefix("db.session.")]
    assert say(COUNT, *(line.format("a") for line in other), COUNT).output == "0\n1\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("await missing()", "NameError: name 'missing' is not defined"),
        ("import asyncio; raise asyncio.CancelledError", "asyncio.exceptions.CancelledError"),
        ("f(", "SyntaxError: '(' was never closed"),
    ],
)
def test_error_ends_a_script_with_its_traceback(line: str, expected: str, say: Say) -> None:
    result = say("print('before')", line, "print('after')")

    assert result.exit_code == 1
    assert expected in result.stderr
    assert "after" not in result.output
    assert "quartapp" not in result.stderr  # it begins with what was typed


def test_exit_code_of_a_script_is_kept(say: Say) -> None:
    assert say("import sys", "sys.exit(3)").exit_code == 3


def test_connections_are_closed_at_the_end(say: Say, new_app: Quart) -> None:
    say(COUNT)
    assert "Connections in pool: 0" in new_app.extensions["database"].engine.pool.status()


def test_quart_shell_is_this_one(settings: dict[str, str], tmp_path: Path) -> None:
    info = tmp_path / "quartapp-1.dist-info"  # what an installation of the project leaves
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: quartapp\nVersion: 1\n")
    point = "[quart.commands]\nshell = quartapp.cli.shell:shell_command\n"
    (info / "entry_points.txt").write_text(point)
    path = f"{tmp_path}:{settings['PYTHONPATH']}"

    done = subprocess.run(
        [sys.executable, "-m", "quart", "--app", "quartapp:create_app", "shell"],
        input="import asyncio\nprint(await asyncio.sleep(0, 'awaited'))\n",
        env={**settings, "PYTHONPATH": path},
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "awaited\n"), done.stderr


# --- at a terminal


class Terminal:
    """`quartapp shell` as a person has it."""

    def __init__(self, settings: dict[str, str], folder: Path) -> None:
        self.screen, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "shell"],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**settings, "PYTHON_HISTORY": str(folder / "history"), "TERM": "dumb"},
            cwd=folder,
            start_new_session=True,
        )
        os.close(terminal)

    def read(self, end: str = ">>> ") -> str:
        """Return what appears up to *end*."""
        text = ""
        while not text.endswith(end):
            assert select.select([self.screen], [], [], PATIENCE)[0], text
            text += os.read(self.screen, 1000).decode().replace("\r", "")
        return text

    def ask(self, line: str) -> str:
        """Type a line, and return what appears between it and the next prompt."""
        os.write(self.screen, f"{line}\n".encode())
        return self.read().removeprefix(f"{line}\n").removesuffix(">>> ")


@pytest.fixture
def terminal(settings: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(settings, tmp_path)
    yield terminal
    terminal.process.kill()
    terminal.process.wait()
    os.close(terminal.screen)


def test_prompt_goes_on_after_mistakes_and_interruptions(terminal: Terminal) -> None:
    banner = terminal.read()
    assert {"Base,", "Comment,", "Entity,"} <= set(banner.split())
    assert terminal.ask("import asyncio") == ""
    assert terminal.ask("await asyncio.sleep(0, 'awaited')") == "'awaited'\n"
    assert terminal.ask("1 / 0").endswith("ZeroDivisionError: division by zero\n")

    os.write(terminal.screen, b"print('now'); await asyncio.sleep(60)\n")
    terminal.read("\nnow\n")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.read() == "\nKeyboardInterrupt\n>>> "
    assert terminal.ask("app.name") == "'quartapp'\n"

    os.write(terminal.screen, b"exit()\n")
    assert terminal.process.wait(PATIENCE) == 0
