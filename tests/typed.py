"""How a command that papers name is run; what stands in for one that needs another machine."""

import os
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.config import Config
from tests.helpers import PASSWORD
from tests.place import ROOT, Place
from tests.processes import Program, says, wait_until
from tests.servers import skip_without
from tests.test_serve import is_ready

Found = re.Match[str]  # a command, taken apart
Way = Callable[[Place, Found], None]
PIP = f"cd {ROOT} && {sys.executable} -m pip install --dry-run --no-index"
EXAMPLE, PEER = "deploy/quartapp.env.example", "^DATABASE_URL=postgresql://"
OURS = {
    "-g quartapp": f"-g {os.getgid()}",
    "-o quartapp": f"-o {os.getuid()}",
}  # who runs the tests

# --- what is run ---------------------------------------------------------------------------------


def check_setting(_: Place, found: Found) -> None:
    known = {*Config.model_fields, "APP_SETTINGS"}
    assert found["name"] in known or found["name"].removesuffix("_FILE") in known


def finish(place: Place, found: Found) -> None:
    place.finish(found[0])


def run_in_shell(place: Place, found: Found) -> None:
    command = found[0]
    require(command.split()[0])
    for theirs, ours in OURS.items():
        command = command.replace(theirs, ours)
    place.run(command)


def require(program: str) -> None:
    if not shutil.which(program):
        skip_without(program, "it is not installed")


def type_password(place: Place, found: Found) -> None:
    """Answer as somebody at a terminal does."""
    ours, theirs = os.openpty()
    try:
        with place.start(found[0], os.ttyname(theirs)) as program:
            for prompt in ("Password: ", "Again: "):
                wait_until(partial(is_said, program, prompt), program)
                os.write(ours, f"{PASSWORD}\n".encode())
            assert program.wait() == 0, program.output()
    finally:
        os.close(ours)
        os.close(theirs)


def is_said(program: Program, text: str) -> bool:
    return (program.folder / "server.log").exists() and text in program.output()


def serve(place: Place, found: Found) -> None:
    bind = place.settle(found["bind"] or "127.0.0.1:8000")  # as hypercorn.toml has it
    host, _, port = bind.rpartition(":")
    path = Path(bind.removeprefix("unix:"))
    place.serve(found[0], lambda _: is_ready((host, int(port)) if port.isdigit() else path))


def work(place: Place, found: Found) -> None:
    """Start a worker; it has nothing to send mail with, and says so when it has begun."""
    port = place.settle(found["metrics"] or "").rpartition(":")[2]

    def is_up(program: Program) -> bool:
        tells = not port or says(int(port), b"GET /metrics HTTP/1.0\r\n\r\n", b" 200 ")
        return tells and is_said(program, "No mail is sent")

    place.serve(found[0], is_up)


def upgrade(place: Place, found: Found) -> None:
    place.finish(found[0])
    assert "The database is at this version." in place.finish("quartapp doctor")


def tell_mariadb(place: Place, found: Found) -> None:
    """Say to the server what the client would; our database has another name."""
    name = place.changed["DATABASE_URL"].rpartition("/")[2]

    async def work(session: AsyncSession) -> None:
        for statement in found["sql"].replace("quartapp", name).split(";"):
            await session.execute(text(statement))

    place.change(work)


# --- what stands in ------------------------------------------------------------------------------


def run(command: str) -> Way:
    r"""Run another command, where `\1` is what the pattern found."""

    def way(place: Place, found: Found) -> None:
        place.run(found.expand(command))

    return way


def enable(place: Place, found: Found) -> None:
    """No systemd runs here, but it says without that what it would start."""
    require("systemctl")
    place.run(f"systemctl --root={place.folder} enable {found[1]}")


def check_units(place: Place, _: Found) -> None:
    """What systemd would read anew: units as they are shipped, and what is changed of them."""
    folder = place.folder / "etc/systemd/system"
    units, changes = [*folder.glob("*.service")], [*folder.glob("*.service.d/*.conf")]
    for unit in units:
        assert unit.read_bytes() == (ROOT / "deploy/systemd" / unit.name).read_bytes()
    for change in changes:
        assert re.fullmatch(r"\[Service\]\n(\w+=.*\n)+", change.read_text())
    assert units or changes


def make_folders(place: Place, found: Found) -> None:
    """Have systemd make them on our machine, for who runs the tests."""
    require("systemd-tmpfiles")
    file = place.folder / "etc/tmpfiles.d" / found["file"]
    ours = file.read_text().replace("quartapp quartapp", f"{os.getuid()} {os.getgid()}")
    file.write_text(ours)
    place.run(f"systemd-tmpfiles --create --root={place.folder} {file.name}")


def rely_on(file: str, name: str) -> Way:
    """Another test does it."""

    def way(_place: Place, _found: Found) -> None:
        assert re.search(rf"(?m)^(async )?def {name}\(", (ROOT / "tests" / file).read_text())

    return way


# The first that fits the whole command counts.
WAYS: dict[str, Way] = {
    r"(?P<name>[A-Z_]+)=\S+": check_setting,
    r"quartapp serve( .*--bind (?P<bind>\S+))?": serve,
    r"quartapp worker( --metrics (?P<metrics>\S+))?": work,
    r"quartapp user create .+": type_password,
    r"quartapp db upgrade.*": upgrade,
    r"quartapp deploy restart": rely_on(
        "deploy/test_supervisor.py", "test_processes_are_restarted_in_turn_and_no_request_fails"
    ),
    r"quartapp .+": finish,
    r"curl .*\$TOKEN.*": rely_on(
        "test_health_detail.py", "test_administrator_is_told_all_by_session_and_by_token"
    ),
    r"(curl|install|printf|python3 -c|systemd-analyze security --offline=true) .+": run_in_shell,
    r"mariadb -e '(?P<sql>.+)'": tell_mariadb,
    r"python3 manage\.py run": rely_on(
        "cli/test_run.py", "test_first_run_migrates_and_says_where_it_is"
    ),
    r"python3 manage\.py chaos.*": rely_on(
        "manage/test_words.py", "test_chaos_hands_its_options_on"
    ),
    r'hypercorn -c hypercorn\.toml "quartapp:create_app\(\)"': rely_on(
        "test_serve_settings.py", "test_plain_hypercorn_takes_the_file_too"
    ),
    # Nothing is fetched: pip says whether the packages that are here are those of the lock.
    r"python3 -m venv (\w+)": run(r"python3 -m venv --without-pip \1"),
    r"venv/bin/pip install (.+?) *(#.*)?": run(rf"{PIP} \1"),
    r"pip wheel": rely_on("test_wheel.py", "test_wheel_holds_the_package_and_the_migrations"),
    r"systemctl enable --now (.+)": enable,
    r"systemctl daemon-reload": check_units,
    r"systemd-tmpfiles --create (?P<file>\S+)": make_folders,
    r"systemctl restart supervisor": run(
        "cmp deploy/supervisord.conf /etc/supervisor/conf.d/quartapp.conf"
    ),
    r"(systemctl ((re)?start|status|stop)|journalctl .*--unit) '?quartapp(-worker)?[@*].*": rely_on(
        "deploy/test_files.py", "test_systemd_takes_the_units"
    ),
    # Whom and what the settings name; tests/database/ has them in servers.
    r"runuser -u postgres -- createuser (\w+)": run(rf"grep '{PEER}\1@/' {EXAMPLE}"),
    r"runuser -u postgres -- createdb --owner (\w+) (\w+)": run(rf"grep '{PEER}\1@/\2?' {EXAMPLE}"),
    r"runuser -u postgres -- dropdb (\w+)": run(rf"grep '{PEER}.*@/\1?' {EXAMPLE}"),
    r"supervisorctl status": rely_on(
        "deploy/test_supervisor.py", "test_process_that_is_killed_comes_back"
    ),
    r"supervisorctl restart 'quartapp-worker:\*'": rely_on(
        "deploy/test_supervisor.py", "test_workers_are_replaced_by_the_command_of_the_paper"
    ),
    r"supervisorctl update": rely_on(
        "deploy/test_supervisor.py", "test_update_replaces_only_the_group_that_was_changed"
    ),
    # Who the units run as, and nginx.
    r"useradd .*/nologin (\w+)": run(r"! grep ^User= deploy/systemd/* | grep -v :User=\1$"),
    r"usermod --append --groups quartapp (\S+)": run(r"grep '^user \1;' deploy/nginx.d/main.conf"),
    # tests/deploy/ has nginx take these files.
    r"nginx -t|systemctl (restart|reload) nginx": run(
        "cmp deploy/nginx.conf /etc/nginx/nginx.conf && diff -r deploy/nginx.d /etc/nginx/nginx.d"
    ),
}


def type_command(place: Place, command: str) -> None:
    """Do *command*, or what stands in for it; one that nobody thought of fails."""
    for pattern, way in WAYS.items():
        if found := re.fullmatch(pattern, command):
            return way(place, found)
    raise AssertionError(f"{command}: say in tests/typed.py how it is run, or what stands in")
