from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import SecretStr

from quartapp.config import Config, TestingConfig
from quartapp.config_shown import Setting, list_settings
from quartapp.config_words import MEANINGS

CANARY = "canary"


class Extended(TestingConfig):
    """Settings of somebody who builds on these."""

    MAP_SERVER: str = ""
    MAIL_PASSWORD: Any = ""


def show(name: str, value: Any, kind: type[Config] = TestingConfig) -> str | None:
    (found,) = [row for row in list_settings(kind(), {name: value}) if row.name == name]
    return found.value


def test_every_setting_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Config.model_fields)
    assert all(MEANINGS.values())


def test_setting_tells_whether_it_was_given() -> None:
    settings = TestingConfig(PER_PAGE=7, MAIL_PASSWORD=SecretStr(CANARY))
    found = {row.name: row for row in list_settings(settings, settings.to_mapping())}
    assert found["PER_PAGE"] == Setting("PER_PAGE", "7", True, False, MEANINGS["PER_PAGE"])
    meaning = MEANINGS["MAIL_PASSWORD"]
    assert found["MAIL_PASSWORD"] == Setting("MAIL_PASSWORD", None, True, False, meaning)
    meaning = MEANINGS["SECRET_KEY_FALLBACKS"]
    unset = Setting("SECRET_KEY_FALLBACKS", None, False, True, meaning)
    assert found["SECRET_KEY_FALLBACKS"] == unset


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        [CANARY],
        SecretStr(CANARY),
        f"https://user:{CANARY}@example.org/",
        f"https://user:a/b@{CANARY}@example.org/",
        f"https://{CANARY}@example.org/?key={CANARY}",
        f"//user:{CANARY}@example.org",
        f"user:{CANARY}@example.org",
        f"redis://:{CANARY}@example.org/0",
        f"redis://:a@{CANARY}@example.org/0",
        f"redis://{CANARY}@example.org/0?password={CANARY}",
        f"postgresql+asyncpg://user:{CANARY}@example.org/name?dsn=x%3A{CANARY}",
        f"unix://user:{CANARY}@/run/redis?password={CANARY}",
        {"password": CANARY},
        CANARY.encode(),
    ],
    ids=range(15),
)
@pytest.mark.parametrize("name", [*Config.model_fields, "MAP_SERVER"])
def test_secret_is_seen_of_no_setting(name: str, value: Any) -> None:
    shown = show(name, value, Extended)
    is_plain = value in (CANARY, [CANARY])  # that no rule could know, where it is no secret
    fields = Extended.model_fields
    harmless = name in MEANINGS and "SECRET" not in name and name != "MAIL_PASSWORD"
    if is_plain and harmless and "Secret" not in str(fields[name]):
        assert shown == CANARY
    else:
        assert CANARY not in (shown or "")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (
            "DATABASE_URL",
            "postgresql+asyncpg://me:x@db:5432/app",
            "postgresql+asyncpg://db:5432/app",
        ),
        ("DATABASE_URL", "sqlite+aiosqlite:////srv/a.db", "sqlite+aiosqlite:////srv/a.db"),
        ("REDIS_URL", "redis://:x@cache:6379/1", "redis://cache:6379/1"),
        ("REDIS_URL", "", None),
        (
            "CHECK_CANARIES",
            ["https://a.test/", "https://b.test/"],
            "https://a.test/, https://b.test/",
        ),
        ("MAIL_SENDER", "quartapp@example.org", "quartapp@example.org"),
        ("API_DOCS", True, "true"),
        ("SHUTDOWN_GRACE", 20.0, "20.0"),
        ("INSTANCE_PATH", Path("/srv"), "/srv"),
        ("PUBLIC_URL", None, ""),
        ("MAP_SERVER", "nobody has said what it is", None),
    ],
)
def test_plain_value_is_shown(name: str, value: Any, shown: str | None) -> None:
    assert show(name, value, Extended) == shown


def test_secret_in_any_wrapping_is_one() -> None:
    class Wrapped(TestingConfig):
        MAIL_SERVER: Annotated[list[SecretStr] | None, "x"] = None  # type: ignore[assignment]

    assert show("MAIL_SERVER", "shown") == "shown"
    assert show("MAIL_SERVER", "hidden", Wrapped) is None
