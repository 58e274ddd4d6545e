"""Which settings are asked for: by name, class, dotted path or mapping, and from which source."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from quartapp import create_app
from quartapp.config import Config, DevelopmentConfig, ProductionConfig, TestingConfig, config
from quartapp.configure import ConfigError, find_config, load_config

KEY = "7d1b6f0c52ae4938b0c7f16e2d9a8453"
KINDS = {
    "dev": DevelopmentConfig,
    "development": DevelopmentConfig,
    "test": TestingConfig,
    "testing": TestingConfig,
    "prod": ProductionConfig,
    "production": ProductionConfig,
    "default": DevelopmentConfig,
}


class Small(TestingConfig):
    """A project's own settings, beside those of every test."""

    PER_PAGE: int = 5
    MAP_SERVER: str = "localhost"


class Demanding(TestingConfig):
    MAP_SERVER: str


class Plain:
    """As Flask projects write it."""

    TESTING = True
    PER_PAGE = 6
    MAP_SERVER = "localhost"
    lower_case = "no setting"


class PlainDevelopment:
    DEBUG = True


class PlainProduction:
    SECRET_KEY = KEY


class Flaskish:
    TESTING = True
    SQLALCHEMY_DATABASE_URI = "sqlite:///app.db"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read no `.env` but a test's own, and write nowhere else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))


# --- what was asked for


def test_every_name_has_its_class() -> None:
    assert config == KINDS
    assert {name: find_config(name) for name in KINDS} == {
        name: (kind, {}) for name, kind in KINDS.items()
    }


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (TestingConfig, (20, None)),
        (Small, (5, "localhost")),
        ("tests.test_configure.Small", (5, "localhost")),
        ("quartapp.config.TestingConfig", (20, None)),
        (Plain, (6, "localhost")),
        ("tests.test_configure.Plain", (6, "localhost")),
        ({"TESTING": True, "PER_PAGE": 7}, (7, None)),
        ({"TESTING": True, "MAP_SERVER": "localhost"}, (20, "localhost")),
    ],
)
def test_settings_come_by_name_class_path_or_mapping(
    chosen: Any, expected: tuple[int, str]
) -> None:
    found = load_config(chosen)

    assert (found["PER_PAGE"], found.get("MAP_SERVER")) == expected
    assert "lower_case" not in found


def test_a_plain_class_is_checked_like_any_other() -> None:
    with pytest.raises(
        ConfigError, match=r"\n  SQLALCHEMY_DATABASE_URI: is called DATABASE_URL here\.$"
    ):
        load_config(Flaskish)
    with pytest.raises(ConfigError, match=r"\n  PER_PAGE: Input should be a valid integer"):
        load_config({"TESTING": True, "PER_PAGE": "abc"})


def test_a_setting_without_a_default_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(Demanding)
    monkeypatch.setenv("MAP_SERVER", "localhost")

    assert str(caught.value) == "The settings are wrong:\n  MAP_SERVER: Field required."
    assert load_config(Demanding)["MAP_SERVER"] == "localhost"


@pytest.mark.parametrize(
    "path",
    ["Prod", "no.such.module", "tests.test_configure.Missing", "tests.test_configure.KEY", ".x"],
)
def test_an_unknown_name_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=f"^APP_SETTINGS: '{path}' is "):
        load_config(path)


def test_the_app_has_the_settings_as_plain_values() -> None:
    app = create_app(
        {"TESTING": True, "SECRET_KEY": KEY, "PUBLIC_URL": "https://watch.example.org/"}
    )

    assert app.config["SECRET_KEY"] == KEY
    assert app.config["PUBLIC_URL"] == "https://watch.example.org"
    assert app.config["TRUSTED_HOSTS"] == ["watch.example.org"]
    assert not [value for value in app.config.values() if isinstance(value, SecretStr)]


# --- what the environment asks for


@pytest.mark.parametrize(
    ("environment", "dotenv", "expected"),
    [
        ({}, "", DevelopmentConfig),
        ({}, "APP_SETTINGS=test", TestingConfig),
        ({}, "FLASK_CONFIG=test", TestingConfig),
        ({"APP_SETTINGS": "prod"}, "APP_SETTINGS=test", ProductionConfig),
        ({"FLASK_CONFIG": "production"}, "APP_SETTINGS=dev", ProductionConfig),
        ({"FLASK_CONFIG": "production", "APP_SETTINGS": "prod"}, "", ProductionConfig),
        ({"APP_SETTINGS": ""}, "APP_SETTINGS=test", TestingConfig),
        ({"APP_SETTINGS": "tests.test_configure.Small"}, "", Small),
        ({"APP_SETTINGS": "tests.test_configure.Plain"}, "", TestingConfig),
        ({"APP_SETTINGS": "tests.test_configure.PlainDevelopment"}, "", DevelopmentConfig),
        ({"APP_SETTINGS": "tests.test_configure.PlainProduction"}, "", ProductionConfig),
    ],
)
def test_the_environment_decides_then_dotenv(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: dict[str, str],
    dotenv: str,
    expected: type[Config],
) -> None:
    (tmp_path / ".env").write_text(dotenv)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert find_config(None)[0] is expected


def test_two_names_that_disagree_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SETTINGS", "dev")
    monkeypatch.setenv("FLASK_CONFIG", "production")

    with pytest.raises(
        ConfigError, match=r"^APP_SETTINGS and FLASK_CONFIG name different settings"
    ):
        load_config()


def test_a_mapping_comes_on_top_of_what_the_environment_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP_SETTINGS", "tests.test_configure.Plain")

    found = load_config({"LOG_BACKUPS": 3})

    assert (found["PER_PAGE"], found["LOG_BACKUPS"], found["TESTING"]) == (6, 3, True)


# --- where values come from


def test_what_is_given_wins_then_the_file_then_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("PER_PAGE", "LOG_BACKUPS", "MAX_FORM_PARTS"):
        monkeypatch.setenv(name, "11")
    for name in ("PER_PAGE", "LOG_BACKUPS"):
        (tmp_path / name).write_text("12\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))

    found = load_config({"TESTING": True, "PER_PAGE": 13})

    assert (found["PER_PAGE"], found["LOG_BACKUPS"], found["MAX_FORM_PARTS"]) == (13, 12, 11)


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets = {"SECRET_KEY": KEY, "DATABASE_URL": "postgres://me:pässwört@127.0.0.1/test"}
    for name, value in secrets.items():
        (tmp_path / name).write_text(f"{value}\n", "utf-8")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))

    found = load_config("test")

    assert found["SECRET_KEY"] == KEY
    assert found["DATABASE_URL"] == "postgresql+asyncpg://me:p%C3%A4ssw%C3%B6rt@127.0.0.1/test"


def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "binary"))

    with pytest.raises(ConfigError) as caught:
        load_config("test")

    assert str(caught.value).splitlines()[1:] == [
        f"  SECRET_KEY_FILE: {tmp_path} cannot be read (IsADirectoryError).",
        f"  DATABASE_URL_FILE: {tmp_path}/binary cannot be read (UnicodeDecodeError).",
    ]


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_HOSTS", "a.example.org, .example.org,")
    monkeypatch.setenv("TRUSTED_PROXIES", "unix,10.0.0.0/8, ::1")
    monkeypatch.setenv("CORS_ORIGINS", "")
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", "one,two")

    found = load_config("test")

    assert {name: found[name] for name in ("TRUSTED_HOSTS", "TRUSTED_PROXIES", "CORS_ORIGINS")} == {
        "TRUSTED_HOSTS": ["a.example.org", ".example.org"],
        "TRUSTED_PROXIES": ["unix", "10.0.0.0/8", "::1"],
        "CORS_ORIGINS": [],
    }
    assert found["SECRET_KEY_FALLBACKS"] == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CORS_ORIGINS", "example.org", "an origin looks like https://example.org, without a path"),
        (
            "CORS_ORIGINS",
            "https://a.b/",
            "an origin looks like https://example.org, without a path",
        ),
        (
            "CORS_ORIGINS",
            "https://A.example",
            "an origin looks like https://example.org, without a path",
        ),
        ("CORS_ORIGINS", "https://a.example:443", "no browser names this port; leave it out"),
        ("TRUSTED_HOSTS", "*", "a host looks like example.org, or .example.org for all below it"),
        ("TRUSTED_HOSTS", "a/b", "a host looks like example.org, or .example.org for all below it"),
        ("TRUSTED_PROXIES", "nginx", "'nginx' does not appear to be an IPv4 or IPv6 network"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.1/8 has host bits set"),
    ],
)
def test_what_could_never_match_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        load_config("test")

    assert str(caught.value) == f"The settings are wrong:\n  {name}.0: {complaint}."


def test_log_file_that_cannot_be_written_is_named_with_the_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOG_FILE", str(tmp_path / "file" / "x.log"))
    monkeypatch.setenv("PER_PAGE", "abc")

    with pytest.raises(ConfigError) as caught:
        load_config("test")

    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0].strip() for line in lines[1:]] == ["PER_PAGE", "LOG_FILE"]
