"""What looks like the name of a setting."""

import pytest

from quartapp.doctor import Level
from quartapp.doctor.settings import check_names


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("DATABSE_URL", "DATABASE_URL"),
        ("PUBLIC_ULR", "PUBLIC_URL"),
        ("SECRETKEY_FILE", "SECRET_KEY_FILE"),
        ("APP_SETTING", "APP_SETTINGS"),
    ],
)
def test_slip_of_the_pen_is_found(monkeypatch: pytest.MonkeyPatch, slip: str, meant: str) -> None:
    monkeypatch.setenv(slip, "a value")

    (found,) = check_names()

    assert found == (Level.WARN, "settings", f"{slip} is no setting; is {meant} meant?")


@pytest.mark.parametrize(
    "name", ["LOG_DIR", "DATABASE_HOST", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "SENTRY_RELEASE"]
)
def test_name_of_something_else_is_passed_over(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "a value")

    assert list(check_names()) == []
