import inspect
from pathlib import Path

import click
import pytest
from alembic import command

from quartapp import create_app
from quartapp.cli.db import COMMANDS, HELP, SHORT, db_group
from tests.cli.conftest import ROOT, Invoke
from tests.database.migrating import copy_scripts, empty_versions
from tests.helpers import list_revisions

FLASK_MIGRATE = [
    "list-templates", "init", "revision", "migrate", "edit", "merge", "upgrade", "downgrade",
    "show", "history", "heads", "branches", "current", "stamp", "check",
]  # fmt: skip
ARGUMENTS = {
    item.name
    for function in COMMANDS.values()
    for item in list(inspect.signature(function).parameters.values())[1:]
}
# On SQLite, a later revision may have to look at a table, so that it cannot be printed.
LATEST = list_revisions()[-1]


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    return copy_scripts(tmp_path)


def test_every_command_of_flask_migrate_is_there() -> None:
    assert set(FLASK_MIGRATE) <= set(db_group.commands)


def test_every_command_of_alembic_is_there() -> None:
    known = {
        name
        for name, function in inspect.getmembers(command, inspect.isfunction)
        if function.__module__ == "alembic.command" and not name.startswith("_")
    }
    assert known == {name.replace("-", "_") for name in db_group.commands} - {"migrate"}


def test_every_option_is_explained() -> None:
    assert set(SHORT) <= set(HELP) <= ARGUMENTS
    options = [
        p for c in db_group.commands.values() for p in c.params if isinstance(p, click.Option)
    ]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("words", ["migrate -m tag", "check"])
def test_what_comes_first_is_said_once(invoke: Invoke, words: str) -> None:
    result = invoke("db", *words.split())

    remedy = "First: quartapp db upgrade"
    assert result.exit_code == 1
    assert result.output == f"Error: Target database is not up to date. {remedy}\n"


def test_there_and_back(invoke: Invoke) -> None:
    steps = ("upgrade", "downgrade", "upgrade +1", "downgrade -1", "upgrade head", "check")
    results = [invoke("db", *words.split()) for words in steps]

    assert [result.exit_code for result in results] == [0] * 6
    assert results[-1].output == "No new upgrade operations detected.\n"
    assert invoke("db", "current").output == f"{LATEST} (head)\n"


def test_init_says_that_there_is_nothing_to_do(invoke: Invoke) -> None:
    result = invoke("db", "init")

    assert result.exit_code == 0
    assert result.output == f"The revisions are in {ROOT}/alembic; go on with: quart db migrate\n"


@pytest.mark.parametrize(
    "words",
    [
        "current -v",
        "heads --resolve-dependencies",
        "history -r base:head -v -i",
        "branches -v",
        "show",
        "show head",
        "stamp --purge head",
        f"stamp --sql --tag deploy {LATEST}",
        "upgrade --sql --tag deploy -x tenant=a -x b=c",
        f"downgrade --sql {LATEST}:base",
        "list-templates",
        "ensure_version --sql",
        "current --check-heads",
    ],
)
def test_options_are_those_of_alembic(words: str, invoke: Invoke) -> None:
    invoke("db", "upgrade")
    result = invoke("db", *words.split())
    assert (result.exit_code, result.exception) == (0, None), result.output


def test_statements_are_printed_instead_of_run(invoke: Invoke) -> None:
    printed = invoke("db", "upgrade", "--sql").output

    assert "CREATE TABLE entity" in printed
    assert invoke("db", "current").output == ""


def test_migrate_without_a_change_writes_nothing(invoke: Invoke, scripts: Path) -> None:
    invoke("db", "upgrade")
    result = invoke("db", "migrate", "-m", "nothing", "-d", str(scripts))

    assert (result.exit_code, "No changes in schema detected." in result.output) == (0, True)
    written = sorted(path.stem for path in (scripts / "versions").glob("*.py"))
    assert written == sorted(list_revisions())


def test_migrate_writes_what_the_database_lacks(invoke: Invoke, scripts: Path) -> None:
    empty_versions(scripts)
    result = invoke("db", "migrate", "-m", "All of it", "-d", str(scripts), "--rev-id", "first")

    assert result.exit_code == 0, result.output
    text = (scripts / "versions" / "first.py").read_text()
    assert text.startswith('"""All of it\n')
    assert "op.create_table('entity'" in text


def test_arguments_reach_the_environment(invoke: Invoke, scripts: Path) -> None:
    (scripts / "env.py").write_text("from alembic import context\nprint(context.get_x_argument())")
    result = invoke("db", "current", "-d", str(scripts), "-x", "tenant=a", "-x", "b")

    assert result.output == "['tenant=a', 'b']\n"


def test_edit_opens_the_latest_revision(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\necho $1 >{tmp_path}/edited\n")
    editor.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(editor))
    assert invoke("db", "edit").exit_code == 0

    assert (tmp_path / "edited").read_text().endswith(f"alembic/versions/{LATEST}.py\n")


def test_wrong_revision_is_one_line(invoke: Invoke) -> None:
    result = invoke("db", "upgrade", "nonsense")

    assert result.exit_code == 1
    assert result.stderr == "Error: Can't locate revision identified by 'nonsense'\n"


def test_database_that_is_away_is_one_line(unused_port: int, tmp_path: Path) -> None:
    url = f"postgresql://nobody:secret@127.0.0.1:{unused_port}/test"
    app = create_app({"TESTING": True, "DATABASE_URL": url, "INSTANCE_PATH": tmp_path})
    result = app.test_cli_runner().invoke(args=["db", "upgrade"])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database is away; try again in a moment. (")
    assert (result.stderr.count("\n"), "secret" in result.stderr) == (1, False)


def test_settings_of_the_app_win_over_those_of_the_environment(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    invoke("db", "upgrade")

    assert ((tmp_path / "test.db").exists(), (tmp_path / "other.db").exists()) == (True, False)
