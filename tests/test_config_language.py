"""LANGUAGE, which gettext reads as well: what desktops set is taken."""

import pytest

from quartapp.configure import ConfigError, load_config


@pytest.mark.parametrize(
    ("value", "language"),
    [
        ("ru", "ru"),
        ("", "en"),
        ("en_GB:en", "en"),
        ("de_AT:ru_RU.UTF-8:en", "ru"),
        ("zh_CN", "zh"),
        ("fr_FR:fr", "en"),
    ],
)
def test_language_of_the_desktop_is_read(
    monkeypatch: pytest.MonkeyPatch, value: str, language: str
) -> None:
    monkeypatch.setenv("LANGUAGE", value)

    assert load_config("test")["LANGUAGE"] == language


@pytest.mark.parametrize("value", ["fr", "en-GB", "english"])
def test_language_that_nobody_speaks_here_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("LANGUAGE", value)

    with pytest.raises(ConfigError, match=r"LANGUAGE: Input should be 'en', 'ru' or 'zh'\."):
        load_config("test")
