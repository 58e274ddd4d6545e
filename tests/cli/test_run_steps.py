"""The steps of `quartapp run`, one by one; tests/cli/test_run.py takes them together."""

import socket
from pathlib import Path

import click
import pytest

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.cli import reload
from quartapp.cli.run import announce, find_base, migrate, open_listener
from quartapp.extensions import db
from quartapp.models import User
from quartapp.services.user import has_users


def test_free_port_is_taken_and_told_by_its_address() -> None:
    with open_listener("127.0.0.1", 0) as listener:
        assert find_base(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_every_address_is_told_as_one_that_a_browser_opens() -> None:
    with open_listener("0.0.0.0", 0) as listener:
        assert find_base(listener).startswith("http://127.0.0.1:")


def test_taken_port_is_told_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(click.ClickException, match=f"Port {port} is taken.*--port {port + 1}"):
            open_listener("127.0.0.1", port)


def test_address_of_another_machine_is_told() -> None:
    with pytest.raises(click.ClickException, match=r"Cannot listen on 192\.0\.2\.1"):
        open_listener("192.0.2.1", 0)


async def test_empty_database_gets_its_tables_and_a_link(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    app = create_app({"TESTING": True, "DATABASE_URL": url, "INSTANCE_PATH": tmp_path})
    async with app.app_context():
        with open_listener("127.0.0.1", 0) as listener:
            for _ in range(2):
                await migrate(is_first=True)
            await announce(listener)
        async with db.begin() as session:
            assert not await has_users(session)
        await db.engine.dispose()
    said = capsys.readouterr().out
    assert "quartapp runs on http://127.0.0.1:" in said
    assert "/auth/setup?token=" in said


async def test_nobody_is_offered_a_link_once_there_is_a_user(
    app: QuartApp, admin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    async with app.app_context():
        with open_listener("127.0.0.1", 0) as listener:
            await announce(listener)
    assert "setup" not in capsys.readouterr().out


def test_change_of_a_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("a")
    before = reload.look_at_files()
    (tmp_path / "b.py").write_text("b")
    assert reload.look_at_files() != before
    assert reload.find_time(tmp_path / "none.py") == 0


def test_socket_is_left_to_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not reload.is_new_start()
    with open_listener("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        monkeypatch.setenv(reload.LISTENER, str(listener.detach()))
    assert reload.is_new_start()
    with reload.take_listener() as taken:
        assert taken.getsockname() == address
    assert not reload.is_new_start()


async def test_code_that_starts_is_told_from_code_that_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "TRIAL", "raise SystemExit(0)")
    assert await reload.starts()
    monkeypatch.setattr(reload, "TRIAL", "raise SystemExit(1)")
    assert not await reload.starts()
