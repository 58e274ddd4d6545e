"""`quartapp backup` and `restore`: from each database into each, whole or not at all."""

import gzip
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from quartapp.extensions import db
from quartapp.services.entity import add_entity
from tests.cli.backing import Make, add_another, ask, call, fill_these, read_these
from tests.filling import ROWS
from tests.helpers import KINDS


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_each_database_is_restored_into_each(
    make_app: Make, tmp_path: Path, source: str, target: str
) -> None:
    old, new, file = make_app(source), make_app(target), tmp_path / "all.gz"
    call(old, "db", "upgrade")
    ask(old, fill_these)

    written, restored = call(old, "backup", file), call(new, "restore", file)

    assert (written.exit_code, written.output) == (0, f"{file} has {ROWS * 35} rows.\n")
    assert restored.exit_code == 0, restored.output
    before, after = ask(old, read_these), ask(new, read_these)
    assert {name: len(rows) for name, rows in after.items()} == dict.fromkeys(before, ROWS)
    assert after == before
    assert ask(new, add_another) > ROWS


def test_file_is_for_its_owner_alone_and_never_replaces_one(make_app: Make, tmp_path: Path) -> None:
    app, file = make_app("sqlite"), tmp_path / "all.gz"
    call(app, "db", "upgrade")

    first, second = call(app, "backup", file), call(app, "backup", file)

    assert (first.exit_code, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600)
    message = f"Error: {file} is there already; choose another name.\n"
    assert (second.exit_code, second.output) == (1, message)
    assert not (tmp_path / "all.gz.part").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "This is no whole backup: it ends too soon."),
        (lambda lines: lines[:9], "This is no whole backup: "),
        (lambda lines: [], "This is no whole backup: its first line does not say"),
        (lambda lines: ["{}", *lines[1:]], "This is no whole backup: its first line does not say"),
        (lambda lines: ["[", *lines[1:]], "This is no whole backup: "),
        (
            lambda lines: [line.replace("http://a", "http://b") for line in lines],
            "This is no whole backup: rows of entity are missing or were changed.",
        ),
        (
            lambda lines: [lines[0].replace('"revision":"', '"revision":"x'), *lines[1:]],
            "This backup is of revision x",
        ),
    ],
)
def test_what_is_not_whole_leaves_the_database_empty(
    make_app: Make, tmp_path: Path, change: Callable[[list[str]], list[str]], message: str
) -> None:
    old, new, file = make_app("sqlite"), make_app("sqlite"), tmp_path / "all.gz"
    call(old, "db", "upgrade")

    async def add() -> None:
        async with db.begin() as session:
            await add_entity(session, name="a", url="http://a.example/", owner=None)

    ask(old, add)
    call(old, "backup", file)
    call(new, "db", "upgrade")
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    file.write_bytes(gzip.compress("".join(f"{one}\n" for one in change(lines)).encode()))

    result = call(new, "restore", file)

    assert (result.exit_code, message in result.output) == (1, True), result.output
    assert not any(ask(new, read_these).values())


def test_file_that_is_none_is_told(make_app: Make, tmp_path: Path) -> None:
    app = make_app("sqlite")
    (tmp_path / "text").write_text("no gzip")
    whole = gzip.compress(b"x" * 10_000)
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])

    torn = bytearray(gzip.compress(secrets.token_bytes(10_000)))
    torn[2_000:2_100] = bytes(100)
    (tmp_path / "torn").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 99)
    (tmp_path / "changed").write_bytes(torn)

    names = ("text", "half", "none", "", "torn", "changed")
    said = [call(app, "restore", tmp_path / name) for name in names]

    assert [result.exit_code for result in said] == [1] * len(names)
    assert {type(result.exception) for result in said} == {SystemExit}
    assert "Traceback" not in "".join(result.output for result in said)
    assert said[2].output == f"Error: {tmp_path}/none cannot be read: No such file or directory.\n"


def test_database_that_has_something_is_left_alone(make_app: Make, tmp_path: Path) -> None:
    old, new, file = make_app("sqlite"), make_app("sqlite"), tmp_path / "all.gz"
    call(old, "db", "upgrade")
    call(old, "backup", file)
    call(new, "db", "upgrade")
    ask(new, add_another)

    result = call(new, "restore", file)

    message = "Error: The table entity is not empty; restore into a new database.\n"
    assert (result.exit_code, result.output) == (1, message)


def test_backup_of_a_database_without_tables_is_refused(make_app: Make, tmp_path: Path) -> None:
    result = call(make_app("sqlite"), "backup", tmp_path / "all.gz")

    assert (result.exit_code, "has no tables yet" in result.output) == (1, True)
    assert list(tmp_path.glob("all.gz*")) == []
