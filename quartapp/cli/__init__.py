"""Commands: `quartapp …`, and the same as `quart …`."""

import os

from quart import Quart
from quart.cli import QuartGroup
from quart.helpers import get_debug_flag

import quartapp
from quartapp.cli.backup import backup_command, restore_command
from quartapp.cli.check import check_group
from quartapp.cli.db import db_group
from quartapp.cli.deploy import deploy_group
from quartapp.cli.doctor import doctor_command
from quartapp.cli.invite import invite_command
from quartapp.cli.prune import prune_command
from quartapp.cli.run import run_command
from quartapp.cli.shell import make_shell_names, shell_command
from quartapp.cli.site import site_group
from quartapp.cli.token import token_group
from quartapp.cli.translations import translations_command
from quartapp.cli.user import user_group
from quartapp.cli.worker import worker_command
from quartapp.serve import serve_command


def load_app() -> Quart:
    app = quartapp.create_app()
    if "QUART_DEBUG" in os.environ:
        app.debug = get_debug_flag()
    return app


# With `set_debug_flag`, an unset QUART_DEBUG would turn off the debug mode of DevelopmentConfig.
main = QuartGroup(
    name="quartapp",
    help="Run and look after quartapp.",
    create_app=load_app,
    set_debug_flag=False,
    load_dotenv=False,  # the settings of development read `.env` themselves, others must not
)
main.add_command(run_command)
main.add_command(shell_command)
main.add_command(doctor_command)  # which tells of settings that let no app be made
main.add_command(deploy_group)  # which root runs: an app would make files that are root's alone


def init_app(app: Quart) -> None:
    app.shell_context_processor(make_shell_names)
    for command in (
        backup_command,
        check_group,
        db_group,
        deploy_group,
        doctor_command,
        invite_command,
        prune_command,
        restore_command,
        serve_command,
        site_group,
        token_group,
        translations_command,
        user_group,
        worker_command,
    ):
        app.cli.add_command(command)
