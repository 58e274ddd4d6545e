"""What each environment takes, and what it refuses to start with."""

from pathlib import Path

import pytest

from quartapp import create_app
from quartapp.configure import ConfigError, load_config

KEY = "7d1b6f0c52ae4938b0c7f16e2d9a8453"
PRODUCTION = {
    "APP_SETTINGS": "prod",
    "SECRET_KEY": KEY,
    "PUBLIC_URL": "https://watch.example.org",
    "DATABASE_URL": "postgresql://quartapp:f00-Bar%25@127.0.0.1/quartapp",
}
MAKE_KEY = 'make one with: python3 -c "import secrets; print(secrets.token_hex())".'
COOKIES = "SESSION_COOKIE_SECURE, SESSION_COOKIE_NAME: leave both unset."
DEBUG = "DEBUG, TESTING: unset both in production."
PUBLIC_URL = "PUBLIC_URL: name the https:// address that people use."
ORIGINS = "CORS_ORIGINS: name each origin, with https://."
GUESSED = "DATABASE_URL: its password can be guessed; choose another."
REDIS = "REDIS_URL: an address of Redis looks like redis://example.org:6379/0."
NO_SERVER = "MAIL_SERVER: name the server that takes mail, or unset MAIL_BACKEND."
NO_MAIL = "MAIL_BACKEND: nobody would get the mail; unset it, or name smtp or none."
PORTS = "ports look like 443, or 8000-8999 for all of them."
NETWORKS = "a network looks like 10.1.0.0/16, or fd12:3456::/32."
SITE = "a site looks like https://example.org/."
CA_FILE = "CHECK_CA_FILE: name a file with certificates in PEM, or unset it."
LOST = "DATABASE_URL: it would be lost with the process; name a file or a server."

BROKEN = [
    ("SECRET_KEY", None, f"SECRET_KEY: missing; {MAKE_KEY}"),
    ("SECRET_KEY", "dev", f"SECRET_KEY: shorter than 32 bytes; {MAKE_KEY}"),
    ("SECRET_KEY", "0123456789abcdef" * 4, f"SECRET_KEY: easy to guess; {MAKE_KEY}"),
    ("SECRET_KEY", f"change-me-{KEY}", f"SECRET_KEY: easy to guess; {MAKE_KEY}"),
    (
        "SECRET_KEY_FALLBACKS",
        f"{KEY},old",
        f"SECRET_KEY_FALLBACKS: one is shorter than 32 bytes; {MAKE_KEY}",
    ),
    (
        "SECRET_KEY_FILE",
        "/nowhere/key",
        "SECRET_KEY_FILE: /nowhere/key cannot be read (FileNotFoundError).",
    ),
    ("DEBUG", "1", DEBUG),
    ("TESTING", "true", DEBUG),
    ("PUBLIC_URL", None, PUBLIC_URL),
    ("PUBLIC_URL", "http://watch.example.org", PUBLIC_URL),
    (
        "PUBLIC_URL",
        "https://me:secret@watch.example.org",
        "PUBLIC_URL: an address looks like https://example.org, without a user or a query.",
    ),
    (
        "TRUSTED_HOSTS",
        "other.example.org",
        "TRUSTED_HOSTS: add the host of PUBLIC_URL, or unset it.",
    ),
    (
        "TRUSTED_PROXIES",
        "unix, 0.0.0.0/0",
        "TRUSTED_PROXIES: name your proxies only, or anybody can pretend to be anybody.",
    ),
    ("CORS_ORIGINS", "*", ORIGINS),
    ("CORS_ORIGINS", "https://a.example.org, http://b.example.org", ORIGINS),
    ("SESSION_COOKIE_SECURE", "0", COOKIES),
    ("SESSION_COOKIE_NAME", "session", COOKIES),
    (
        "SESSION_COOKIE_SAMESITE",
        "None",
        "SESSION_COOKIE_SAMESITE: Input should be 'Lax' or 'Strict'.",
    ),
    ("DATABASE_URL", "sqlite://", LOST),
    ("DATABASE_URL", "sqlite:///file:x?mode=memory&uri=true", LOST),
    ("DATABASE_URL", "postgresql://postgres:postgres@127.0.0.1/quartapp", GUESSED),
    ("DATABASE_URL", "mysql://quartapp:quartapp@127.0.0.1/quartapp", GUESSED),
    ("REDIS_URL", "127.0.0.1:6379", REDIS),
    ("REDIS_URL", "http://127.0.0.1:6379", REDIS),
    ("REDIS_URL", "redis://127.0.0.1:6379/0?colour=red", REDIS),
    ("REDIS_URL", "rediss://127.0.0.1:6379/0?ssl_cert_reqs=some", REDIS),
    ("CHECK_PORTS", "80,8999-8000", "CHECK_PORTS.1: " + PORTS),
    ("CHECK_PORTS", "http", "CHECK_PORTS.0: " + PORTS),
    ("CHECK_ALLOWED_NETWORKS", "10.0.0.1/8", "CHECK_ALLOWED_NETWORKS.0: " + NETWORKS),
    ("CHECK_ALLOWED_NETWORKS", "10.1.0.0/16, ::/0", "CHECK_ALLOWED_NETWORKS.1: " + NETWORKS),
    ("CHECK_CANARIES", "https://a.example, b", "CHECK_CANARIES.1: " + SITE),
    ("CHECK_CA_FILE", "/nowhere/ca.pem", CA_FILE),
    ("CHECK_CA_FILE", __file__, CA_FILE),
    (
        "DATABASE_ECHO",
        "1",
        "DATABASE_ECHO: the log would tell what people wrote; unset it.",
    ),
    ("MAIL_BACKEND", "smtp", NO_SERVER),
    ("MAIL_BACKEND", "console", NO_MAIL),
    ("MAIL_BACKEND", "memory", NO_MAIL),
    (
        "MAIL_SENDER",
        "Sites <sites@example.org>",
        "MAIL_SENDER: a mail address looks like sites@example.org, without a name.",
    ),
]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read no `.env` but a test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def find_complaints(chosen: str | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(chosen)
    first, *complaints = str(caught.value).split("\n  ")
    assert first == "The settings are wrong:"
    return complaints


# --- production


def test_good_production_settings_are_taken(production: pytest.MonkeyPatch) -> None:
    found = load_config()

    secure = {name: found[name] for name in ("DEBUG", "TESTING", "SECRET_KEY", "TRUSTED_HOSTS")}
    assert secure == {
        "DEBUG": False,
        "TESTING": False,
        "SECRET_KEY": KEY,
        "TRUSTED_HOSTS": ["watch.example.org"],
    }
    assert found["PUBLIC_URL"] == "https://watch.example.org"
    assert found["DATABASE_URL"] == "postgresql+asyncpg://quartapp:f00-Bar%25@127.0.0.1/quartapp"


@pytest.mark.parametrize(("name", "value", "complaint"), BROKEN)
def test_production_refuses(
    production: pytest.MonkeyPatch, name: str, value: str | None, complaint: str
) -> None:
    if value is None:
        production.delenv(name)
    else:
        production.setenv(name, value)

    assert find_complaints() == [complaint]


@pytest.mark.parametrize(
    "url",
    ["", "redis://:f00@127.0.0.1:6379/0", "rediss://u:f00@cache.example.org", "unix:///run/r.sock"],
)
def test_addresses_of_redis_are_taken(production: pytest.MonkeyPatch, url: str) -> None:
    production.setenv("REDIS_URL", url)

    assert load_config()["REDIS_URL"] == url


def test_production_refuses_a_database_file_that_others_may_read(
    production: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    production.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/quartapp.db")
    (tmp_path / "quartapp.db").touch()
    (tmp_path / "quartapp.db").chmod(0o644)

    assert find_complaints() == [
        "DATABASE_URL: all users of this machine may read its file; run: chmod o= on it."
    ]
    (tmp_path / "quartapp.db").chmod(0o640)
    assert load_config()["DATABASE_URL"] == f"sqlite+aiosqlite:///{tmp_path}/quartapp.db"


@pytest.mark.parametrize(("server", "fine"), [("smtp.example.org", False), ("127.0.0.1", True)])
def test_production_sends_no_mail_that_others_could_read(
    production: pytest.MonkeyPatch, server: str, fine: bool
) -> None:
    production.setenv("MAIL_SERVER", server)
    production.setenv("MAIL_SECURITY", "none")

    if fine:
        assert load_config()["MAIL_BACKEND"] == "smtp"
    else:
        assert find_complaints() == [
            "MAIL_SECURITY: others could read the mail on its way; name starttls or tls."
        ]


@pytest.mark.parametrize(
    ("chosen", "given", "expected"),
    [
        ("prod", {}, ("none", "quartapp@watch.example.org")),
        ("prod", {"MAIL_SERVER": "smtp.example.org"}, ("smtp", "quartapp@watch.example.org")),
        ("prod", {"MAIL_SENDER": "sites@example.org"}, ("none", "sites@example.org")),
        ("dev", {}, ("console", "quartapp@watch.example.org")),
        ("dev", {"MAIL_SERVER": "localhost"}, ("smtp", "quartapp@watch.example.org")),
        ("test", {"MAIL_SERVER": "localhost"}, ("memory", "quartapp@watch.example.org")),
    ],
)
def test_mail_is_sent_where_a_server_is_named(
    production: pytest.MonkeyPatch,
    chosen: str,
    given: dict[str, str],
    expected: tuple[str, str],
) -> None:
    production.delenv("DATABASE_URL" if chosen == "test" else "DEBUG", raising=False)
    for name, value in given.items():
        production.setenv(name, value)

    found = load_config(chosen)

    assert (found["MAIL_BACKEND"], found["MAIL_SENDER"]) == expected


def test_password_of_the_mail_server_comes_from_a_file(
    production: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("f00-Bar\n")
    production.setenv("MAIL_PASSWORD_FILE", str(tmp_path / "password"))

    assert load_config()["MAIL_PASSWORD"] == "f00-Bar"


def test_every_wrong_setting_is_named_at_once(production: pytest.MonkeyPatch) -> None:
    wrong = {
        "PER_PAGE": "abc",
        "LOG_LEVEL": "LOUD",
        "SECRET_KEY": "hunter2",
        "PUBLIC_URL": "watch",
        "DEBUG": "1",
    }
    for name, value in wrong.items():
        production.setenv(name, value)

    assert find_complaints() == [
        "PUBLIC_URL: Input should be a valid URL, relative URL without a base.",
        "PER_PAGE: Input should be a valid integer, unable to parse string as an integer.",
        "LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'.",
        f"SECRET_KEY: shorter than 32 bytes; {MAKE_KEY}",
        DEBUG,
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "hunter2"),
        ("SECRET_KEY_FALLBACKS", "hunter2,hunter2"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "hunter2://hunter2:hunter2@hunter2/hunter2"),
        ("DATABASE_URL", "postgres://quartapp:hunter2@127.0.0.1/"),
        ("DATABASE_URL", "postgres://quartapp:hunter2@127.0.0.1:port/x"),
        ("DATABASE_URL", "mysql://hunter2:hunter2@127.0.0.1/x?password=hunter2"),
        ("REDIS_URL", "hunter2"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:port/0"),
        ("REDIS_URL", "redis://127.0.0.1:hunter2/0"),
        ("PUBLIC_URL", "https://me:hunter2@watch.example.org"),
        ("PUBLIC_URL", "https://me:hunter2@"),
        ("MAIL_SENDER", "hunter2"),
    ],
)
def test_no_message_repeats_a_secret(production: pytest.MonkeyPatch, name: str, value: str) -> None:
    production.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        load_config()

    assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_wrong_settings_end_the_start_with_78(
    production: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    production.setenv("PER_PAGE", "abc")
    production.setenv("DEBUG", "1")

    with pytest.raises(SystemExit) as caught:
        create_app()

    assert caught.value.code == 78
    assert capsys.readouterr().err == (
        "The settings are wrong:\n"
        "  PER_PAGE: Input should be a valid integer, unable to parse string as an integer.\n"
        f"  {DEBUG}\n"
    )


def test_production_reads_no_dotenv(production: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DEBUG=1\nPER_PAGE=7\nSECRET_KEY=dev\n")

    assert load_config()["PER_PAGE"] == 20
