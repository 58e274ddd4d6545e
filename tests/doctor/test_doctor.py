"""`quartapp doctor`: what it refuses, what it finds, and how it says so."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from quart import Quart
from sqlalchemy import text, update

from quartapp.cli import main
from quartapp.doctor import Finding, Level, settings
from quartapp.doctor.outside import check_outside
from quartapp.doctor.service import check_service
from quartapp.doctor.settings import check_deploy
from quartapp.extensions import db
from quartapp.models import Check, utcnow
from tests.processes import free_port
from tests.services.watching import watch
from tests.test_config import KEY, PRODUCTION

WEAK = "0123456789abcdef" * 4
OTHERS = "redis.example.org"
# One setting that is not safe, and what it is called in the complaint.
INSECURE: list[tuple[str, str | None, str]] = [
    ("APP_SETTINGS", "dev", "APP_SETTINGS: name prod"),
    ("QUART_DEBUG", "1", "QUART_DEBUG: unset it"),
    ("SECRET_KEY", None, "SECRET_KEY: missing"),
    ("SECRET_KEY", "dev", "SECRET_KEY: shorter"),
    ("SECRET_KEY", WEAK, "SECRET_KEY: easy to guess"),
    ("SECRET_KEY_FALLBACKS", f"{KEY},old", "SECRET_KEY_FALLBACKS: one is shorter"),
    ("DEBUG", "1", "DEBUG, TESTING: unset both"),
    ("TESTING", "1", "DEBUG, TESTING: unset both"),
    ("PUBLIC_URL", None, "PUBLIC_URL: name the https://"),
    ("PUBLIC_URL", "http://watch.example.org", "PUBLIC_URL: name the https://"),
    ("TRUSTED_HOSTS", "other.example.org", "TRUSTED_HOSTS: add the host"),
    ("TRUSTED_PROXIES", "0.0.0.0/0", "TRUSTED_PROXIES: name your proxies only"),
    ("CORS_ORIGINS", "*", "CORS_ORIGINS: name each origin"),
    ("CORS_ORIGINS", "http://a.example.org", "CORS_ORIGINS: name each origin"),
    ("SESSION_COOKIE_SECURE", "0", "SESSION_COOKIE_SECURE, SESSION_COOKIE_NAME"),
    ("SESSION_COOKIE_NAME", "session", "SESSION_COOKIE_SECURE, SESSION_COOKIE_NAME"),
    ("DATABASE_URL", "sqlite://", "DATABASE_URL: it would be lost"),
    ("DATABASE_URL", "postgresql://q:postgres@127.0.0.1/q", "DATABASE_URL: its password"),
    ("DATABASE_ECHO", "1", "DATABASE_ECHO: the log would tell"),
    ("MAIL_BACKEND", "console", "MAIL_BACKEND: nobody would get"),
    ("RATE_LIMITS", "0", "RATE_LIMITS: switch it on"),
    ("LOG_LEVEL", "DEBUG", "LOG_LEVEL: DEBUG tells the log"),
    ("MAX_CONTENT_LENGTH", "1000000000", "MAX_CONTENT_LENGTH: anybody could"),
    ("REGISTRATION", "open", "REGISTRATION: it needs mail"),
    ("CHECK_ALLOWED_NETWORKS", "127.0.0.0/8", "CHECK_ALLOWED_NETWORKS: 127.0.0.0/8"),
    ("CHECK_ALLOWED_NETWORKS", "169.254.169.254/32", "CHECK_ALLOWED_NETWORKS: 169.254"),
    ("REDIS_URL", f"redis://{OTHERS}:6379/0", "REDIS_URL: give that server a password"),
    ("METRICS_TOKEN", "short", "METRICS_TOKEN: it can be guessed"),
]


@pytest.fixture(autouse=True)
def _production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)


def fails(found: list[Finding]) -> list[str]:
    return [finding.text for finding in found if finding.level is Level.FAIL]


# --- settings


def test_good_settings_are_safe() -> None:
    assert fails(list(check_deploy())) == []


@pytest.mark.parametrize(("name", "value", "complaint"), INSECURE)
def test_what_is_not_safe_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, complaint: str
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)

    (text,) = fails(list(check_deploy()))

    assert text.startswith(complaint)
    assert text.count(".") >= 1


def test_secret_that_others_may_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    path.write_text(KEY)
    path.chmod(0o644)
    monkeypatch.setenv("SECRET_KEY_FILE", str(path))
    open_ = fails(list(check_deploy()))
    path.chmod(0o640)

    said = f"SECRET_KEY_FILE: all users of this machine may use {path}; run: chmod o= {path}."
    assert (open_, fails(list(check_deploy()))) == ([said], [])


def test_secrets_of_a_container_may_be_readable_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "secret_key"
    path.write_text(KEY)
    path.chmod(0o644)
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setenv("SECRET_KEY_FILE", str(path))
    monkeypatch.setattr(settings, "MOUNTED", tmp_path)

    assert fails(list(check_deploy())) == []


# --- the service


async def examine(app: Quart) -> list[Finding]:
    async with app.app_context():
        return [finding async for finding in check_service()]


async def test_what_works_is_told_as_well(app: Quart) -> None:
    found = await examine(app)

    assert {finding.level for finding in found} == {Level.OK}
    assert {finding.topic for finding in found} == {"database", "migrations", "workers"}


async def test_work_that_nobody_does_is_found(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example/")
        async with db.begin() as session:
            late = utcnow() - timedelta(seconds=500)
            await session.execute(update(Check).values(due_at=late))
    (text,) = fails(await examine(app))

    assert re.fullmatch(r"looks: 1 wait, the oldest for 5\d\d s\. Is a worker there\?", text)


async def test_database_that_is_behind_is_found(app: Quart) -> None:
    async with app.app_context(), db.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0001_initial'"))

    assert fails(await examine(app)) == [
        "The database is behind this version; run: quartapp db upgrade"
    ]


async def test_clock_that_is_wrong_is_found(app: Quart, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = timedelta(seconds=90)
    monkeypatch.setattr("quartapp.doctor.service.utcnow", lambda: utcnow() + fast)

    (text,) = fails(await examine(app))

    # The one is read a moment after the other.
    assert re.fullmatch(r"This clock and that of the database differ by 9\d s: see NTP\.", text)


async def test_folder_that_anybody_may_write_is_found(app: Quart, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    found = fails(await examine(app))

    assert found == [
        f"{tmp_path} ({place}) can be written by anybody; run: chmod o-w {tmp_path}"
        for place in ("instance", "database")
    ]


# --- outside


class Outside(BaseHTTPRequestHandler):
    headers_sent: dict[str, str]
    hidden: int
    not_http: tuple[str, ...]

    def do_GET(self) -> None:
        if self.path in self.not_http:
            self.wfile.write(b"SSH-2.0-OpenSSH\x1b[2J_10.0\r\n")
            return
        self.send_response_only(200 if self.path == "/livez" else self.hidden)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


GOOD = {
    "Strict-Transport-Security": "max-age=63072000",
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Server": "nginx",
}


@pytest.fixture
def outside() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", free_port()), Outside) as server:
        Outside.headers_sent, Outside.hidden, Outside.not_http = GOOD, 404, ()
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_world_that_sees_what_it_should_is_fine(outside: str) -> None:
    assert [finding.level for finding in check_outside(outside)] == [Level.OK]


@pytest.mark.parametrize("name", [name for name in GOOD if name != "Server"])
def test_header_that_is_missing_is_found(outside: str, name: str) -> None:
    Outside.headers_sent = {**GOOD, name: ""}

    (said,) = fails(list(check_outside(outside)))
    assert said == f"{name} is '': does nginx pass it on?"


def test_what_nobody_should_see_is_found(outside: str) -> None:
    Outside.headers_sent, Outside.hidden = {**GOOD, "Server": "nginx/1.29.4"}, 200

    found = list(check_outside(outside))

    assert [said.partition(" ")[0] for said in fails(found)] == [
        "/metrics",
        "/.env",
        "/alembic.ini",
    ]
    warned = [finding.text for finding in found if finding.level is Level.WARN]
    assert warned == ["Server tells too much: 'nginx/1.29.4'; see server_tokens."]


def test_world_that_cannot_be_reached_is_no_failure(unused_port: int) -> None:
    (found,) = check_outside(f"http://127.0.0.1:{unused_port}")

    assert (found.level, "cannot be reached from here" in found.text) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("path", "levels"), [("/livez", [Level.WARN]), ("/.env", [Level.OK, Level.WARN])]
)
def test_world_that_speaks_no_http_is_no_failure(
    outside: str, path: str, levels: list[Level]
) -> None:
    Outside.not_http = (path,)

    found = list(check_outside(outside))

    assert [finding.level for finding in found] == levels
    assert found[-1].text == (
        f"{outside} cannot be reached from here (it does not speak HTTP): "
        "not all of it has been checked."
    )


# --- the command


def run(tmp_path: Path, *options: str, **env: str) -> Result:
    own = {"APP_SETTINGS": "dev", "INSTANCE_PATH": str(tmp_path), "PUBLIC_URL": ""}
    return CliRunner().invoke(main, ["doctor", *options], env={**own, **env})


def test_command_ends_with_1_where_something_is_wrong(tmp_path: Path) -> None:
    wrong = run(tmp_path, CACHE_SIZE="-1")

    assert wrong.exit_code == 1
    assert wrong.output.startswith("fail  settings    CACHE_SIZE: ")


def test_command_tells_programs_in_json(tmp_path: Path) -> None:
    found = run(tmp_path, "--json", "--deploy")
    said: list[dict[str, Any]] = json.loads(found.output)

    assert found.exit_code == 1
    assert {one["level"] for one in said} <= {"ok", "warn", "fail"}
    assert [one["text"] for one in said if one["topic"] == "settings"][1].startswith("APP_SETTINGS")
