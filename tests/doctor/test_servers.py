"""What `quartapp doctor --deploy` says of servers on other machines, and of a second factor."""

import pytest

from quartapp.doctor import Level
from quartapp.doctor.settings import check_deploy
from tests.test_config import PRODUCTION

FAR = "postgresql://q:a-Long-1@db.example.org/q"
ALONG = "others may read along on the way to it;"


@pytest.fixture(autouse=True)
def _production(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**PRODUCTION, "SECOND_FACTOR": "everyone"}.items():
        monkeypatch.setenv(name, value)


def list_warnings() -> list[str]:
    return [finding.text for finding in check_deploy() if finding.level is Level.WARN]


@pytest.mark.parametrize(
    ("address", "option"),
    [
        (FAR, "?sslmode=verify-full&sslrootcert="),
        ("mysql://q:a-Long-1@db.example.org/q", "?ssl_ca="),
    ],
)
def test_database_that_is_far_away_should_be_asked_in_secret(
    monkeypatch: pytest.MonkeyPatch, address: str, option: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    first = list_warnings()
    monkeypatch.setenv("DATABASE_URL", f"{address}{option}/etc/ssl/own.pem")

    (warning,) = first
    assert warning.startswith(f"DATABASE_URL: {ALONG} add {option} and the path ")
    assert list_warnings() == []


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_tls_that_looks_at_no_certificate_is_not_enough(
    monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{FAR}?sslmode={mode}")

    assert [text.partition(":")[0] for text in list_warnings()] == ["DATABASE_URL"]


def test_pgbouncer_that_is_far_away_should_be_asked_in_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = "?sslmode=verify-full&sslrootcert=/etc/ssl/own.pem"
    monkeypatch.setenv("DATABASE_URL", f"{FAR}{secret}")
    monkeypatch.setenv("PGBOUNCER_URL", FAR)
    first = list_warnings()
    monkeypatch.setenv("PGBOUNCER_URL", f"{FAR}{secret}")

    assert [text.partition(" add ")[0] for text in first] == [f"PGBOUNCER_URL: {ALONG}"]
    assert list_warnings() == []


def test_redis_that_is_far_away_should_be_asked_in_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:a-Long-1@cache.example.org/0")
    first = list_warnings()
    monkeypatch.setenv("REDIS_URL", "rediss://:a-Long-1@cache.example.org/0")

    assert first == [f"REDIS_URL: {ALONG} begin it with rediss://."]
    assert list_warnings() == []


@pytest.mark.parametrize(
    ("asked_of", "finding"),
    [
        (
            "optional",
            (Level.WARN, "SECOND_FACTOR: a stolen password is enough; name admins, or everyone."),
        ),
        ("admins", (Level.OK, "A second factor is asked of admins.")),
        ("everyone", (Level.OK, "A second factor is asked of everyone.")),
    ],
)
def test_of_whom_a_second_factor_is_asked_is_told(
    monkeypatch: pytest.MonkeyPatch, asked_of: str, finding: tuple[Level, str]
) -> None:
    monkeypatch.setenv("SECOND_FACTOR", asked_of)
    assert [(one.level, one.text) for one in check_deploy()] == [finding]
