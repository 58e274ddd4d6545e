"""`quart db …`: Alembic's commands with Alembic's options, under the names of Flask-Migrate."""

import inspect
import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from inspect import Parameter
from pathlib import Path
from typing import Any

import click
from alembic import command

from quartapp.cli.failures import one_line
from quartapp.cli.upgrade import upgrade
from quartapp.cli.with_app import find_app
from quartapp.database.migrations import find_home, make_config
from quartapp.database.turns import WAIT
from quartapp.database.url import parse_url, place_file

COMMANDS: dict[str, Callable[..., object]] = {
    "branches": command.branches,
    "check": command.check,
    "current": command.current,
    "downgrade": command.downgrade,
    "edit": command.edit,
    "ensure_version": command.ensure_version,
    "heads": command.heads,
    "history": command.history,
    "list-templates": command.list_templates,
    "merge": command.merge,
    "migrate": partial(command.revision, autogenerate=True),
    "revision": command.revision,
    "show": command.show,
    "stamp": command.stamp,
    "upgrade": upgrade,
}
# The arguments of Alembic's functions that have a short name, and what each is for.
SHORT = {
    "check_heads": "-c",
    "indicate_current": "-i",
    "message": "-m",
    "rev_range": "-r",
    "verbose": "-v",
}
HELP = {
    "autogenerate": "Fill the revision from the models.",
    "branch_label": "Name the branch that begins here.",
    "check_heads": "Fail when the database is behind.",
    "depends_on": "A revision that must be there first.",
    "head": "The revision to follow, instead of the latest.",
    "indicate_current": "Mark the revision of the database.",
    "message": "What the revision does.",
    "no_backup": "Go without the backup of SQLite and MariaDB.",
    "purge": "Forget first what the database says of itself.",
    "resolve_dependencies": "Count what a revision depends on as its predecessor.",
    "rev_id": "The id, instead of number and message.",
    "rev_range": "Which ones: [start]:[end].",
    "splice": "Allow to follow a revision that is not the latest.",
    "sql": "Print the statements instead of running them.",
    "tag": "Any word that alembic/env.py may read.",
    "verbose": "Say more.",
    "version_path": "The folder of the new file.",
}
# The arguments of ours that have a value of their own kind.
OWN: dict[str, Callable[[], click.Parameter]] = {
    "wait": lambda: click.Option(
        ["--wait"],
        type=click.FloatRange(min=0),
        is_flag=False,
        flag_value=WAIT,
        metavar="[SECONDS]",
        help=f"Wait for a database that is away or migrated, {WAIT} s unless told.",
    ),
    "backup": lambda: click.Option(
        ["--backup"],
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="Where SQLite and MariaDB are backed up first, instead of backups/ in INSTANCE_PATH.",
    ),
}
SHARED: list[click.Parameter] = [
    click.Option(["-d", "--directory"], help="The folder of env.py, instead of alembic/."),
    click.Option(["-x", "--x-arg", "x"], multiple=True, help="NAME=VALUE for alembic/env.py."),
]


@click.group("db")
def db_group() -> None:
    """Migrate the database."""


@db_group.command("init")
def init() -> None:
    """Say where the revisions are: there is nothing to make."""
    click.echo(f"The revisions are in {find_home() / 'alembic'}; go on with: quart db migrate")


def make_command(name: str, function: Callable[..., object]) -> click.Command:
    """Make a click command of one of Alembic's functions, with an option for each argument."""
    fixed = function.keywords if isinstance(function, partial) else {}
    taken = list(inspect.signature(function).parameters.values())[1:]
    return click.Command(
        name,
        params=[
            *(make_parameter(name, item) for item in taken if is_wanted(item, fixed)),
            *SHARED,
        ],
        callback=partial(run_alembic, function, fixed),
        help=describe(function),
        context_settings={"ignore_unknown_options": name in ("upgrade", "downgrade")},  # for -1
    )


def is_wanted(item: Parameter, fixed: dict[str, Any]) -> bool:
    return item.name not in fixed and item.name != "process_revision_directives"


def make_parameter(command_name: str, item: Parameter) -> click.Parameter:
    if item.name in OWN:
        return OWN[item.name]()
    if item.name == "revisions":
        return click.Argument([item.name], nargs=-1, required=True)
    if item.default is Parameter.empty:
        default = "-1" if command_name == "downgrade" else "head"
        return click.Argument([item.name], default=default)
    names = [f"--{item.name.replace('_', '-')}", *filter(None, [SHORT.get(item.name)])]
    return click.Option(
        names,
        is_flag=isinstance(item.default, bool),
        multiple=item.name == "depends_on",
        help=HELP.get(item.name),
    )


def describe(function: Callable[..., object]) -> str:
    if isinstance(function, partial):
        return "Create a revision from what the models have and the database has not."
    return (inspect.getdoc(function) or "").splitlines()[0]


def run_alembic(
    function: Callable[..., object],
    fixed: dict[str, Any],
    directory: str | None,
    x: tuple[str, ...],
    **options: Any,
) -> None:
    given = {name: value for name, value in options.items() if value not in (None, ())}
    settings = find_app().config
    config = make_config(
        cmd_opts=Namespace(**given, **fixed, x=list(x)),
        attributes={
            "url": place_file(parse_url(settings["DATABASE_URL"]), settings["INSTANCE_PATH"])
        },
        stdout=sys.stdout,
    )
    if directory:
        config.set_main_option("script_location", directory.replace("%", "%%"))
    with one_line():
        function(config, **given)


for name, function in COMMANDS.items():
    db_group.add_command(make_command(name, function))
