import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from quart.cli import cli as quart

from quartapp.cli import load_app, main
from tests.cli.conftest import ROOT


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APP_SETTINGS", "dev")
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    monkeypatch.setenv("QUART_APP", "quartapp:create_app")
    monkeypatch.delenv("QUART_DEBUG", raising=False)
    return


def list_commands(group: click.Group) -> set[str]:
    with group.make_context("quart", ["routes"]) as context:
        return set(group.list_commands(context))


def test_quartapp_and_quart_know_the_same_commands() -> None:
    assert list_commands(main) == list_commands(quart)
    assert {"db", "routes", "run", "serve", "shell", "user"} <= list_commands(main)


@pytest.mark.parametrize("options", [[], ["--help"]])
def test_deploy_makes_no_app_whose_files_would_be_root_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    log, sockets = tmp_path / "log" / "quartapp.log", tmp_path / "run"
    monkeypatch.setenv("LOG_FILE", str(log))

    result = CliRunner().invoke(main, ["deploy", "restart", "--sockets", str(sockets), *options])

    assert ("has no socket" in result.output, result.exit_code) == (not options, int(not options))
    assert list(tmp_path.iterdir()) == []


def test_debug_mode_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_app().debug
    monkeypatch.setenv("APP_SETTINGS", "test")
    assert not load_app().debug


def test_debug_option_wins_over_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUART_DEBUG", "0")  # what `--no-debug` does
    assert not load_app().debug


def test_project_names_its_commands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["scripts"] == {"quartapp": "quartapp.cli:main"}
    assert project["entry-points"] == {
        "quart.commands": {
            "doctor": "quartapp.cli.doctor:doctor_command",
            "shell": "quartapp.cli.shell:shell_command",
        }
    }
