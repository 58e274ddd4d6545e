"""What development and the tests take, and what they refuse to start with."""

from pathlib import Path

import pytest

from quartapp.configure import load_config
from tests.test_config import find_complaints


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read no `.env` but a test's own."""
    monkeypatch.chdir(tmp_path)


def test_development_reads_dotenv_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PER_PAGE=7\nLOG_BACKUPS=3\n")
    monkeypatch.setenv("PER_PAGE", "8")

    found = load_config("dev")

    assert (found["PER_PAGE"], found["LOG_BACKUPS"], found["DEBUG"]) == (8, 3, True)


def test_a_typo_in_dotenv_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PER_PAGE=abc\n")

    assert find_complaints("default") == [
        "PER_PAGE: Input should be a valid integer, unable to parse string as an integer."
    ]


def test_dotenv_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PER_PAGE=7\n", "utf-16")

    assert find_complaints("dev") == [".env: it is no text in UTF-8."]


def test_development_keeps_a_key_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INSTANCE_PATH", "instance")
    kept = tmp_path / "instance" / "secret_key"

    first, second = load_config("dev"), load_config("dev")

    assert first["SECRET_KEY"] == second["SECRET_KEY"] == kept.read_text()
    assert first["INSTANCE_PATH"] == kept.parent
    assert first["DATABASE_URL"] == f"sqlite+aiosqlite:///{kept.parent}/quartapp.db"


def test_a_folder_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("INSTANCE_PATH", f"{tmp_path}/file/instance")

    assert find_complaints("dev") == [
        f"INSTANCE_PATH: {tmp_path}/file/instance cannot be used (Not a directory)."
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_key_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "secret_key").write_bytes(content)
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))

    assert find_complaints("dev") == [
        f"INSTANCE_PATH: {tmp_path}/secret_key cannot be used (it holds no key: remove it)."
    ]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///quartapp.db",
        "sqlite:////srv/contest.db",
        "sqlite:////srv/test/quartapp.db",
        "sqlite:///file:quartapp.db?mode=rwc",
        "postgresql://127.0.0.1/quartapp",
        "mysql://127.0.0.1/quartapp_test",
    ],
)
def test_a_database_that_is_not_a_test_s_own_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert find_complaints("test") == [
        'DATABASE_URL: tests empty what they use; name one like "test" or "test_quartapp".'
    ]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///test.db",
        "sqlite:////srv/test_quartapp.db",
        "sqlite:///file:/srv/test.db?mode=rwc",
        "sqlite:///file:x?mode=memory&cache=shared",
        "postgresql://127.0.0.1/test",
        "mysql://127.0.0.1/test_quartapp",
    ],
)
def test_a_database_of_a_test_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert load_config("test")["TESTING"] is True


def test_tests_read_no_dotenv_and_need_no_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PER_PAGE=7\n")

    found = load_config("test")

    assert (found["PER_PAGE"], found["DATABASE_URL"]) == (20, "sqlite+aiosqlite://")
    assert len(found["SECRET_KEY"]) == 64


def test_testing_in_the_environment_guards_the_database_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TESTING", "1")

    assert find_complaints("dev") == [
        'DATABASE_URL: tests empty what they use; name one like "test" or "test_quartapp".'
    ]
