"""The links of mails: what stands for somebody in their address is in no log of nginx."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.routing import Rule

from quartapp import create_app
from tests.deploy.conftest import Dropper, answering
from tests.nginx import write_nginx
from tests.outside import Connection
from tests.processes import free_port
from tests.servers import start_nginx

CANARY = "Zq9canaryLink8dK2mQ"
LINKS = ["/auth/setup", "/auth/register", "/auth/reset", "/auth/confirm-email"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """The folder, with both logs, and the port of nginx whose process is not there."""
    port = free_port()
    write_nginx(tmp_path, port, [tmp_path / "app.sock"])
    main = tmp_path / "nginx.d" / "main.conf"
    main.write_text(main.read_text().replace("error_log stderr", f"error_log {tmp_path}/error.log"))
    http = tmp_path / "nginx.d" / "http.conf"
    http.write_text(http.read_text().replace("100000r/s", "1r/m"))
    with start_nginx(tmp_path, port):
        yield tmp_path, port


def ask(port: int, path: str, times: int = 1, body: str | None = None) -> set[int]:
    connection = Connection(("127.0.0.1", port))
    method = "GET" if body is None else "POST"
    statuses = {connection.ask(path, method, body).status for _ in range(times)}
    connection.close()
    return statuses


def test_no_trouble_writes_a_link_down(place: tuple[Path, int]) -> None:
    folder, port = place
    away = {status for path in LINKS for status in ask(port, f"{path}?token={CANARY}")}
    with answering(folder / "app.sock", Dropper):
        lost = ask(port, f"/auth/reset?token={CANARY}", body="a=b")
    often = ask(port, f"/auth/reset?token={CANARY}", 120)
    known = ask(port, "/nothing?page=known")

    assert (away, lost, often, known) == ({503}, {503}, {429, 503}, {429})
    errors = (folder / "error.log").read_text()
    assert "/nothing?page=known" in errors  # there is such a log
    assert CANARY not in errors
    lines = (folder / "access.log").read_text().splitlines()
    assert len([line for line in lines if '"path":"/auth/reset"' in line]) > 100
    assert CANARY not in "".join(lines)


def takes_token(rule: Rule) -> bool:
    """Tell whether it is among the views of links, by the place where they stand."""
    return rule.endpoint == "auth.setup" or rule.endpoint.startswith("link.")


def test_links_are_those_of_the_application(tmp_path: Path) -> None:
    app = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path})
    rules = {rule.rule for rule in app.url_map.iter_rules() if takes_token(rule)}

    assert rules - {"/auth/join", "/auth/forgot"} == set(LINKS)  # which take no link
