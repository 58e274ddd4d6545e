"""The key that signs: which ones are refused, and the one that development makes for itself."""

import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from quartapp.secret_key import find_key_fault, read_development_key


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("", "missing"),
        ("a" * 31, "shorter than 32 bytes"),
        ("dev", "shorter than 32 bytes"),
        ("a" * 64, "easy to guess"),
        ("0123456789" * 4, "easy to guess"),
        ("abcdefghijklmnopqrstuvwxyz0123456789", "easy to guess"),
        ("deadbeef" * 8, "easy to guess"),
        ("you-will-never-guess-what-this-is-7", "easy to guess"),
        ("My-Secret-Key-For-Production-Use-2!", "easy to guess"),
    ],
)
def test_a_bad_key_is_told_from_a_good_one(key: str, fault: str) -> None:
    assert find_key_fault(key).partition(";")[0] == fault


def test_random_keys_are_taken() -> None:
    keys = [secrets.token_hex(16) for _ in range(500)] + [
        secrets.token_urlsafe(24) for _ in range(500)
    ]

    assert [key for key in keys if find_key_fault(key)] == []


def test_the_key_is_made_once_and_its_owner_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "instance"

    first, second = read_development_key(folder), read_development_key(folder)

    assert first == second
    assert find_key_fault(first) == ""
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_of_many_at_once_one_makes_the_key(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(50) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(read_development_key, folders))

    assert keys == {(folder / "secret_key").read_text() for folder in folders}
    assert len(keys) == 50
