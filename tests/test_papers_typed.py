"""Each command that papers tell operators to type works, in the order of the paper."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Role, User
from quartapp.security import make_box
from quartapp.services.entity import add_entity
from quartapp.services.people import get_user_by_name
from tests.databases import create_database, drop_database
from tests.helpers import add_factor, add_person, make_bearer
from tests.nginx import write_nginx
from tests.papers import list_typed
from tests.place import ROOT, Place, furnish, open_place
from tests.processes import Server, free_port, wait_until
from tests.servers import start_nginx
from tests.test_serve import is_ready
from tests.typed import type_command

PAPERS = ["docs/operations.md", "docs/scaling.md", "docs/migrations.md"]
TYPED = [(paper, heading) for paper in PAPERS for heading in list_typed(paper)]
EXAMPLES = ROOT / "tests" / "services" / "examples"
OLD = "0020_themes"
TOKEN = secrets.token_hex()


@pytest.fixture
def place(nursery: Path, sqlite_template: Path) -> Iterator[Place]:
    with open_place(nursery) as place:
        furnish(place, sqlite_template)
        yield place


@pytest.mark.parametrize(("paper", "heading"), TYPED)
def test_what_is_to_be_typed_works(
    place: Place, paper: str, heading: str, request: pytest.FixtureRequest
) -> None:
    for command in list_typed(paper)[heading]:
        for start, prepare in BEFORE.items():
            if command.startswith(start):
                prepare(place, request)
        type_command(place, command)


# --- what is there before a command --------------------------------------------------------------


def clear(place: Place, _: pytest.FixtureRequest) -> None:
    """A machine where nothing of quartapp was done yet."""
    for folder in ("etc/quartapp", "var/lib/quartapp"):
        shutil.rmtree(place.folder / folder)


def let_register(place: Place, _: pytest.FixtureRequest) -> None:
    place.changed["REGISTRATION"] = "invitation"
    place.change(lambda session: add_person(session, "root", role=Role.ADMIN))


def add_ann(place: Place, request: pytest.FixtureRequest) -> None:
    place.change(lambda session: add_person(session, "ann"))
    add_site(place, request)


def turn_factor_on(place: Place, _: pytest.FixtureRequest) -> None:
    box = make_box([(place.folder / "etc/quartapp/secret_key").read_text()])

    async def work(session: AsyncSession) -> None:
        await add_factor(session, await get_user_by_name(session, "ann"), box)

    place.change(work)


def make_tokens(place: Place, _: pytest.FixtureRequest) -> None:
    """Have as many as it takes for the one with the number 12."""

    async def work(session: AsyncSession) -> None:
        ann: User = await get_user_by_name(session, "ann")
        for _ in range(11):
            await make_bearer(session, ann)

    place.change(work)


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def add_site(place: Place, _: pytest.FixtureRequest) -> None:
    """A site with the name NAME, which answers."""
    server = place.stack.enter_context(HTTPServer(("127.0.0.1", 0), Site))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    place.stack.callback(thread.join)
    place.stack.callback(server.shutdown)
    place.changed |= {"CHECK_ALLOWED_NETWORKS": "127.0.0.0/8", "CHECK_PORTS": "1-65535"}
    url = f"http://127.0.0.1:{server.server_port}/"
    place.change(lambda session: add_entity(session, name="NAME", url=url, owner=None))


def bring_examples(place: Place, _: pytest.FixtureRequest) -> None:
    shutil.copy(EXAMPLES / "kuma.json", place.home / "Uptime_Kuma_Backup.json")
    shutil.copy(EXAMPLES / "gatus.yaml", place.home / "config.yaml")


def start_process(place: Place, _: pytest.FixtureRequest) -> None:
    """One process that serves, with figures, behind nginx as it is shipped."""
    (place.folder / "etc/quartapp/metrics_token").write_text(TOKEN)
    place.changed["METRICS_TOKEN_FILE"] = f"{place.folder}/etc/quartapp/metrics_token"
    path = place.folder / "run/quartapp/1.sock"
    program = place.stack.enter_context(place.start(f"quartapp serve --bind unix:{path}"))
    wait_until(lambda: is_ready(path), program)
    figures = place.settle("127.0.0.1:9145")
    port = int(figures.rpartition(":")[2])
    write_nginx(place.folder, port, [path])
    metrics = place.settle((ROOT / "deploy/nginx.d/metrics.conf").read_text())
    (place.folder / "nginx.d/metrics.conf").write_text(metrics)
    with (place.folder / "nginx.d/http.conf").open("a") as file:
        file.write("include nginx.d/metrics.conf;\n")
    (place.folder / "nginx.d/site.conf").write_text(
        f"listen 127.0.0.1:{free_port()};\nset $static /;\n"
    )
    place.stack.enter_context(start_nginx(place.folder, port))


def copy_units(place: Place, _: pytest.FixtureRequest) -> None:
    for unit in (ROOT / "deploy/systemd").iterdir():
        shutil.copy(unit, place.folder / "etc/systemd/system")


def take_away(place: Place, _: pytest.FixtureRequest) -> None:
    (place.folder / "var/lib/quartapp/quartapp.db").unlink()


def upgrade_mariadb(place: Place, request: pytest.FixtureRequest) -> None:
    """A database of MariaDB that an upgrade has changed, after it wrote a backup."""
    server: Server = request.getfixturevalue("mariadb_server")
    place.changed["DATABASE_URL"] = create_database(server)
    place.stack.callback(drop_database, server, place.changed["DATABASE_URL"].rpartition("/")[2])
    place.finish(f"quartapp db upgrade {OLD}")
    place.finish("quartapp db upgrade")
    (backup,) = (place.folder / "var/lib/quartapp/backups").iterdir()
    (restore,) = [c for c in list_typed(PAPERS[0])["Before an upgrade"] if " restore " in c]
    backup.rename(place.settle(restore.split()[-1]))


# By what a command begins with.
BEFORE: dict[str, Callable[[Place, pytest.FixtureRequest], None]] = {
    "useradd ": clear,
    "quartapp check run ": add_site,
    "quartapp invite ": let_register,
    "quartapp user forget-factors ": turn_factor_on,
    "quartapp token create ": make_tokens,
    "quartapp site export ": add_ann,
    "quartapp site import Uptime": bring_examples,
    "curl --fail --unix-socket ": start_process,
    "install -d -m 755 /etc/systemd/system/quartapp@": copy_units,
    "quartapp restore quartapp-": take_away,
    "mariadb ": upgrade_mariadb,
}
