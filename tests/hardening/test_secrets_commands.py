"""The secrets of settings in what commands say: where all is well, away, or wrongly set."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import migrate
from tests.databases import create_database
from tests.hardening.canaries import KEYS, MARK
from tests.hardening.telling import lock_valkey, prepare, run_app, write_env
from tests.processes import Server, free_port
from tests.receiver import Receiver
from tests.security.test_canaries import find_hits
from tests.servers import fork_quart, start_valkey
from tests.smtp_sink import Sink

pytestmark = pytest.mark.secrets

Say = Callable[..., tuple[int, str]]
COMMANDS = [
    ["doctor"],
    ["doctor", "--deploy", "--json"],
    ["db", "current", "--verbose"],
    ["backup", "all.gz"],
    ["user", "export", "ann"],
    ["token", "create", "ann", "laptop"],  # a token of Ann, which nobody has set
    ["serve", "--bind", "256.0.0.1:1"],
]
WRONG = {  # of each setting that has a secret, a value that is refused
    "SECRET_KEY": f"{MARK}short",
    "SECRET_KEY_FALLBACKS": f"{MARK}short",
    "DATABASE_URL": f"oracle://quartapp:{MARK}@db.example.org/a?{MARK}={MARK}",
    "REDIS_URL": f"http://quartapp:{MARK}@127.0.0.1/{MARK}",
    "PGBOUNCER_URL": f"mysql://quartapp:{MARK}@127.0.0.1/a",
    "METRICS_TOKEN": f"{MARK}a",
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"ftp://quartapp:{MARK}@127.0.0.1/{MARK}",
    "SENTRY_DSN": f"ftp://{MARK}@127.0.0.1/x",
}


@pytest.fixture(scope="module")
def env(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Settings of production, whose database has Ann in it."""
    with start_valkey() as valkey:
        lock_valkey(valkey)
        away = [Receiver(free_port()) for _ in range(2)]
        database = migrate(create_database(postgres_server))
        given = write_env(database, valkey, Sink(free_port()), *away)
        given["INSTANCE_PATH"] = str(tmp_path_factory.mktemp("instance"))
        run_app(given, prepare)
        yield {"APP_SETTINGS": "prod", **given}


@pytest.fixture
def say(nursery: Path) -> Say:
    """Run a command; return its exit code and what it said."""

    def run(arguments: list[str], env: dict[str, str]) -> tuple[int, str]:
        with fork_quart(nursery, ["--app", "quartapp", *arguments], env) as program:
            return program.wait(100), program.output()

    return run


def test_commands_tell_no_secret_of_the_settings(
    say: Say, env: dict[str, str], record_property: Callable[[str, object], None]
) -> None:
    said = [say(command, env) for command in COMMANDS]

    assert [code for code, _ in said] == [0, 0, 0, 0, 0, 0, 1], said
    assert find_hits(KEYS, [text for _, text in said]) == []
    record_property(f"secrets: commands with {len(KEYS)} of settings", len(COMMANDS))


def test_nor_where_the_servers_are_away(say: Say, env: dict[str, str]) -> None:
    port = f":{free_port()}/"
    away = {
        name: env[name].replace(find_port(env[name]), port)
        for name in ("DATABASE_URL", "REDIS_URL")
    }
    said = [say(command, env | away) for command in COMMANDS[1:4:2]]

    assert all(code for code, _ in said), said
    assert find_hits(KEYS, [text for _, text in said]) == []


def find_port(url: str) -> str:
    return f":{url.rpartition(':')[2].partition('/')[0]}/"


def test_wrong_values_are_refused_and_not_said(say: Say, env: dict[str, str]) -> None:
    for command, refused in ((["serve"], 78), (["doctor"], 1)):
        code, text = say(command, env | WRONG)

        assert code == refused
        assert [name for name in WRONG if f"{name}: " not in text] == []
        assert find_hits({"wrong": MARK}, [text]) == []
