import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.cli.conftest import MAIN, ROOT, Finished
from tests.helpers import list_revisions
from tests.outside import ask
from tests.processes import PATIENCE, Program, free_port, make_folder, running

Settings = dict[str, str]


@contextmanager
def run_server(settings: Settings, *options: str) -> Iterator[tuple[Program, int]]:
    """Start `quartapp run`; yield it and its port as soon as it answers."""
    port = free_port()
    command = [sys.executable, "-c", MAIN, "run", "--port", str(port), *options]
    with (
        make_folder() as folder,
        running(folder, command, lambda: is_up(port), env=settings) as program,
    ):
        yield program, port


def is_up(port: int) -> bool:
    try:
        return ask(("127.0.0.1", port), "/livez").status == 200
    except OSError:
        return False


def run_to_end(settings: Settings, folder: Path, *options: str) -> Finished:
    command = [sys.executable, "-c", MAIN, "run", "--port", str(free_port()), *options]
    return subprocess.run(
        command,
        env=settings,
        cwd=folder,
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def find_page(port: int, path: str) -> tuple[int, str]:
    reply = ask(("127.0.0.1", port), path, timeout=PATIENCE)
    return reply.status, reply.body


def test_first_run_migrates_and_says_where_it_is(settings: Settings) -> None:
    with run_server(settings) as (program, port):
        said = find_said(program)
        base = f"http://127.0.0.1:{port}"
        assert said[0] == f"quartapp runs on {base} (Ctrl-C stops it)"
        found = re.fullmatch(rf"There is no account yet. .+: {base}(/auth/setup\?.+)", said[1])
        assert found
        assert find_page(port, "/readyz")[0] == 200
        status, page = find_page(port, found[1])
        assert (status, "<form" in page) == (200, True)

        program.send(signal.SIGINT)
        assert program.wait() == 0
        assert "Traceback" not in program.output()


def test_links_in_mails_lead_to_where_it_serves(settings: Settings, tmp_path: Path) -> None:
    settings = settings | {"REGISTRATION": "open", "MAIL_BACKEND": "none"}
    with run_server(settings) as (_, port):
        join(port)
    with closing(sqlite3.connect(tmp_path / "quartapp.db")) as connection:
        ((text,),) = connection.execute("SELECT text FROM outbox_message")
    assert f"\nhttp://127.0.0.1:{port}/auth/register?token=" in text


def join(port: int) -> None:
    """Ask for an account on the page for that."""
    browser, path = build_opener(HTTPCookieProcessor()), f"http://127.0.0.1:{port}/auth/join"
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.open(path).read().decode())
    assert found
    form = urlencode({"email": "ann@example.org", "csrf_token": found[1]})
    assert browser.open(path, form.encode()).status == 202


def find_said(program: Program) -> list[str]:
    """Return what the command itself printed, without the log."""
    lines = program.output().splitlines()
    return [line for line in lines if line.startswith(("quartapp runs", "There is no account"))]


def test_next_run_with_an_account_has_nothing_to_do(settings: Settings, tmp_path: Path) -> None:
    with run_server(settings) as (program, _):
        assert program.output().count("Running upgrade") == len(list_revisions())
        add_user(tmp_path / "quartapp.db")
    with run_server(settings) as (program, port):
        assert find_said(program) == [f"quartapp runs on http://127.0.0.1:{port} (Ctrl-C stops it)"]
        assert "Running upgrade" not in program.output()


def add_user(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO user (name, password_hash, role, created_at, updated_at)"
            " VALUES ('alice', 'x', 0, '2025-01-01', '2025-01-01')"
        )
    connection.close()


def test_database_in_memory_gets_its_tables(settings: Settings) -> None:
    with run_server(settings | {"DATABASE_URL": "sqlite://"}) as (_, port):
        assert find_page(port, "/readyz")[0] == 200


def test_taken_port_is_one_line_with_a_remedy(settings: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_to_end(settings, tmp_path, "--port", str(port))

    assert done.returncode == 1
    assert done.stderr == f"Error: Port {port} is taken; choose another one: --port {port + 1}\n"


def test_address_of_another_machine_is_one_line(settings: Settings, tmp_path: Path) -> None:
    done = run_to_end(settings, tmp_path, "--host", "192.0.2.1")

    assert done.returncode == 1
    assert re.fullmatch(r"Error: Cannot listen on 192\.0\.2\.1, port \d+: .+\.\n", done.stderr)


def test_database_that_is_away_is_one_line(
    settings: Settings, tmp_path: Path, unused_port: int
) -> None:
    url = f"postgresql://nobody@127.0.0.1:{unused_port}/test"
    done = run_to_end(settings | {"DATABASE_URL": url}, tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith("Error: The database is away; try again in a moment. (")
    assert done.stderr.count("\n") == 1


def test_database_of_a_newer_version_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "quartapp.db") as connection:
        connection.executescript(
            "CREATE TABLE alembic_version (version_num TEXT);"
            "INSERT INTO alembic_version VALUES ('9999_tomorrow');"
        )
    connection.close()
    done = run_to_end(settings, tmp_path)

    assert done.returncode == 1
    assert done.stderr == (
        "Error: The database was migrated by a newer version; install that one.\n"
    )


# --- following the code


@pytest.fixture
def sources(settings: Settings, tmp_path: Path) -> Path:
    """A copy of the package that `quartapp run` follows."""
    ignored = shutil.ignore_patterns("__pycache__", "_alembic")
    for name in ("quartapp", "alembic"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=ignored)
    shutil.copy(ROOT / "alembic.ini", tmp_path / "copy")
    settings["PYTHONPATH"] = str(tmp_path / "copy")
    return tmp_path / "copy" / "quartapp"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def wait_for(port: int, expected: str) -> list[int]:
    """Ask until the answer holds *expected*; return the status of each answer on the way."""
    seen, deadline = [], time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        status, body = find_page(port, "/livez")
        seen.append(status)
        if expected in body:
            return seen
        time.sleep(0.02)
    raise AssertionError(f"No {expected!r} came.")


def test_changed_code_serves_soon_and_no_request_fails(settings: Settings, sources: Path) -> None:
    with run_server(settings) as (program, port):
        change(sources / "health.py", '"alive"', '"awake"')
        assert set(wait_for(port, "awake")) == {200}
        assert program.output().count("quartapp runs on") == 1
        assert program.output().count("Running upgrade") == len(list_revisions())
        program.send(signal.SIGINT)
        assert program.wait() == 0


NEXT = """
revision = "next"
down_revision = "{head}"
upgrade = downgrade = lambda: None
"""


def test_revision_that_is_being_written_waits_for_the_next_run(
    settings: Settings, sources: Path
) -> None:
    with run_server(settings) as (_, port):
        revision = NEXT.format(head=list_revisions()[-1])
        (sources.parent / "alembic" / "versions" / "next.py").write_text(revision)
        change(sources / "health.py", '"alive"', '"awake"')
        wait_for(port, "awake")
        status, page = find_page(port, "/readyz")
        assert (status, "run: quartapp db upgrade" in page) == (503, True)
    with run_server(settings) as (_, port):
        assert find_page(port, "/readyz")[0] == 200


def test_broken_code_leaves_the_old_one_serving(settings: Settings, sources: Path) -> None:
    with run_server(settings) as (program, port):
        change(sources / "health.py", '"alive"', '"awake" +')
        wait_until_printed(program, "The changed code does not start: the old one goes on.")
        assert "SyntaxError" in program.output()
        assert '"alive"' in find_page(port, "/livez")[1]
        change(sources / "health.py", '"awake" +', '"awake"')
        wait_for(port, "awake")


def wait_until_printed(program: Program, text: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while text not in program.output():
        assert time.monotonic() < deadline, program.output()
        time.sleep(0.05)


def test_code_is_not_followed_when_told_so(settings: Settings, sources: Path) -> None:
    with run_server(settings, "--no-reload") as (program, port):
        change(sources / "health.py", '"alive"', '"awake"')
        time.sleep(1.5)
        assert '"alive"' in find_page(port, "/livez")[1]
        program.send(signal.SIGTERM)
        assert program.wait() == 0
