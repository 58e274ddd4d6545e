"""quartapp as operators run it, with every secret that they may set, and all that it tells."""

import asyncio
import re
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import AuthResult
from quart_auth import generate_auth_token
from sqlalchemy import URL, make_url
from werkzeug.routing import Rule

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.extensions import db
from quartapp.models import Role, Scope, utcnow
from quartapp.services.entity import add_entity
from quartapp.services.session import open_session
from quartapp.services.token import add_token
from tests.hardening.canaries import KEYS
from tests.hardening.standing import Stand, standing
from tests.helpers import add_person
from tests.processes import Server
from tests.receiver import Receiver, receiving
from tests.security.test_canaries import read_columns
from tests.servers import start_valkey
from tests.smtp_sink import Sink, start_sink

ADDRESS = "ann@example.org"
# In a line of nginx's error log.
QUERY = re.compile(r'((?:request|referrer|upstream): "[^?"]*)\?[^ "]*')


@dataclass
class Ann:
    """An administrator with a browser and a program."""

    token: str
    cookie: str


@dataclass
class Around:
    """What the process works with, and what stands there."""

    stand: Stand
    folder: Path
    ann: Ann
    rules: list[Rule]
    sink: Sink
    collector: Receiver
    sentry: Receiver
    env: dict[str, str]
    answers: list[str] = field(default_factory=list)

    def stop(self) -> str:
        """Stop the process, which sends the rest of what it has to tell; return its log."""
        self.stand.program.send(signal.SIGTERM)
        assert self.stand.program.wait() == 0, self.stand.program.output()
        return self.stand.program.output()

    def read_nginx(self) -> list[str]:
        """Return both logs, without what follows `?` where nginx tells of trouble.

        It has whole addresses there, as operators are told; tests/deploy/test_nginx_links.py has
        those that stand for somebody.
        """
        told, trouble = (Path(self.folder, f"{n}.log").read_text() for n in ("access", "error"))
        return [told, QUERY.sub(r"\1", trouble)]

    def read_tables(self) -> list[str]:
        return run_app(self.env, read_columns)


def write_env(database: str, valkey: Server, sink: Sink, *told: Receiver) -> dict[str, str]:
    """Return settings with a secret wherever one may be."""
    collector, sentry = told
    headers = f"authorization=Bearer%20{KEYS['OTEL_EXPORTER_OTLP_HEADERS']}"
    return {
        "DATABASE_URL": set_password(database, KEYS["DATABASE_URL"]),
        "SECRET_KEY": KEYS["SECRET_KEY"],
        "SECRET_KEY_FALLBACKS": KEYS["SECRET_KEY_FALLBACKS"],
        "REDIS_URL": set_password(valkey.url, KEYS["REDIS_URL"]),
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(sink.port),
        "MAIL_SECURITY": "none",
        "MAIL_USERNAME": "quartapp",
        "MAIL_PASSWORD": KEYS["MAIL_PASSWORD"],
        "MAIL_SENDER": "sites@example.org",
        "METRICS_TOKEN": KEYS["METRICS_TOKEN"],
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": headers,
        "SENTRY_DSN": sentry.dsn.replace("key@", f"{KEYS['SENTRY_DSN']}@"),
        "PUBLIC_URL": "https://127.0.0.1",
    }


def set_password(url: str, password: str) -> str:
    address: URL = make_url(url)
    return address.set(password=password).render_as_string(hide_password=False)


def lock_valkey(valkey: Server) -> None:
    with socket.create_connection(("127.0.0.1", valkey.port), 10) as sock:
        sock.sendall(f"CONFIG SET requirepass {KEYS['REDIS_URL']}\r\n".encode())
        assert sock.recv(100) == b"+OK\r\n"


def knows_password(_0: Any, _1: Any, _2: Any, _3: Any, given: Any) -> AuthResult:
    is_known = given.password == KEYS["MAIL_PASSWORD"].encode()
    return AuthResult(success=is_known, handled=False, auth_data=given.login)


def run_app(env: dict[str, str], work: Any) -> Any:
    """Run `work(app)` on the database of the process, on a loop of its own."""
    given = {name: env[name] for name in ("DATABASE_URL", "SECRET_KEY")}
    app = create_app({"TESTING": True, "INSTANCE_PATH": env["INSTANCE_PATH"], **given})

    async def run() -> Any:
        async with app.app_context():
            try:
                return await work(app)
            finally:
                await db.engine.dispose()

    with ThreadPoolExecutor() as pool:
        return pool.submit(asyncio.run, run()).result()


async def prepare(app: QuartApp) -> tuple[Ann, list[Rule]]:
    async with db.begin() as session:
        user = await add_person(session, "ann", role=Role.ADMIN)
        user.email, user.email_confirmed_at = ADDRESS, utcnow()
        await add_entity(session, name="a", url="http://a.test/", owner=user)
        token, _ = await add_token(session, user, "program", scope=Scope.ADMIN)
        secret = (await open_session(session, user)).token
    cookie = f"__Host-quartapp={generate_auth_token(app.test_client(), secret)}"
    return Ann(token, cookie), [one for one in app.url_map.iter_rules() if not one.websocket]


@contextmanager
def starting(nursery: Path, database: str, folder: Path) -> Iterator[Around]:
    """Start all of it; *database* is on a PostgreSQL that takes any password."""
    with ExitStack() as stack:
        valkey = stack.enter_context(start_valkey())
        lock_valkey(valkey)
        options = {"authenticator": knows_password, "auth_require_tls": False}
        sink = stack.enter_context(start_sink(**options))
        collector, sentry = (stack.enter_context(receiving()) for _ in range(2))
        env = write_env(database, valkey, sink, collector, sentry)
        env["INSTANCE_PATH"] = str(folder)
        ann, rules = run_app(env, prepare)
        more = {name: value for name, value in env.items() if name != "DATABASE_URL"}
        run = standing(nursery, "hypercorn", env["DATABASE_URL"], folder, **more)
        stand = stack.enter_context(run)
        yield Around(stand, folder, ann, rules, sink, collector, sentry, env)


def read_mails(sink: Sink) -> list[str]:
    """Return the headers and the texts of all mails that came, as people read them."""
    return [
        "\n".join([*map(str, mail.items()), *(one.get_content() for one in find_texts(mail))])
        for mail in (one.mail for one in sink.deliveries)
    ]


def find_texts(mail: EmailMessage) -> list[Any]:
    return [part for part in mail.walk() if part.get_content_maintype() == "text"]


def read_links(sink: Sink) -> list[str]:
    """Return the secrets of the links in all mails that came, each once."""
    found = [link for text in read_mails(sink) for link in re.findall(r"token=([\w-]+)", text)]
    return list(dict.fromkeys(found))
