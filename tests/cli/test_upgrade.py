"""`quart db upgrade`: the backup that comes first, and what becomes of it."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.backing import Make, call
from tests.cli.conftest import Invoke
from tests.helpers import list_revisions

OLD = "0013_channels"


@pytest.fixture
def backups(tmp_path: Path, invoke: Invoke) -> Path:
    """The folder of the backups; the database is at an old revision."""
    assert invoke("db", "upgrade", OLD).exit_code == 0
    return tmp_path / "backups"


def find_revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_backup_is_taken_before_an_upgrade_and_named(invoke: Invoke, backups: Path) -> None:
    result = invoke("db", "upgrade")

    (file,) = backups.iterdir()
    assert result.stdout == f"{file} has all that was kept until now.\n"
    assert file.name.startswith(f"{OLD}-2")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, backups)] == [0o600, 0o700]
    assert find_revision(file) == OLD


def test_each_upgrade_has_a_backup_of_its_own(invoke: Invoke, backups: Path) -> None:
    results = [invoke("db", "upgrade", revision) for revision in ("+1", "+1", "head", "head")]

    assert [result.exit_code for result in results] == [0] * 4
    start = list_revisions().index(OLD)
    assert sorted(map(find_revision, backups.iterdir())) == list_revisions()[start : start + 3]


@pytest.mark.parametrize(("kind", "endings"), [("postgres", []), ("mariadb", [".gz"])])
def test_server_is_backed_up_where_it_undoes_nothing(
    make_app: Make, kind: str, endings: list[str]
) -> None:
    app = make_app(kind)
    call(app, "db", "upgrade", OLD)
    result = call(app, "db", "upgrade")

    files = sorted((app.config["INSTANCE_PATH"] / "backups").glob("*"))
    assert result.stdout == "".join(f"{file} has all that was kept until now.\n" for file in files)
    assert [file.suffix for file in files] == endings
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_first_upgrade_has_nothing_to_back_up(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("db", "upgrade").stdout == ""
    assert not (tmp_path / "backups").exists()


def test_backup_may_be_elsewhere_or_nowhere(invoke: Invoke, backups: Path, tmp_path: Path) -> None:
    results = [
        invoke("db", "upgrade", "+1", "--backup", str(tmp_path / "far" / "away")),
        invoke("db", "upgrade", "--no-backup"),
        invoke("db", "upgrade", "--sql", f"{OLD}:head"),
    ]

    assert [result.exit_code for result in results] == [0, 0, 0]
    assert len(list((tmp_path / "far" / "away").iterdir())) == 1
    assert not backups.exists()


def test_without_its_backup_nothing_is_upgraded(invoke: Invoke, backups: Path) -> None:
    backups.write_text("a file, where a folder should be")
    result = invoke("db", "upgrade")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {backups}/{OLD}-")
    assert result.stderr.endswith(" cannot be written: File exists.\n")
    assert invoke("db", "current").output == f"{OLD}\n"


def test_damaged_database_is_not_upgraded(invoke: Invoke, backups: Path, tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    with file.open("r+b") as stream:
        stream.seek(12 * 4096)
        stream.write(b"\xff" * 4096 * 10)
    result = invoke("db", "upgrade")

    assert result.exit_code == 1
    assert result.stderr.endswith(" cannot be written: database disk image is malformed.\n")
    assert list(backups.iterdir()) == []


def test_copy_is_restored_into_a_new_file(invoke: Invoke, backups: Path, tmp_path: Path) -> None:
    invoke("db", "upgrade")
    (file,) = backups.iterdir()
    refused = invoke("restore", str(file))
    for path in tmp_path.glob("test.db*"):
        path.unlink()
    result = invoke("restore", str(file))

    assert (refused.exit_code, refused.stderr) == (
        1,
        "Error: The database has tables; move its file away, or name another one.\n",
    )
    assert (result.exit_code, result.stdout) == (
        0,
        f"{file} is restored. Its secrets need the SECRET_KEY that it was made with.\n"
        "The database is behind this version; run: quartapp db upgrade\n",
    )
    assert invoke("db", "current").output == f"{OLD}\n"
    assert stat.S_IMODE((tmp_path / "test.db").stat().st_mode) == 0o600
    assert invoke("db", "upgrade").exit_code == 0


def test_damaged_copy_is_not_restored(invoke: Invoke, backups: Path, tmp_path: Path) -> None:
    invoke("db", "upgrade")
    (file,) = backups.iterdir()
    with file.open("r+b") as stream:
        stream.seek(-4096, os.SEEK_END)
        stream.write(bytes(4096))
    for path in tmp_path.glob("test.db*"):
        path.unlink()
    result = invoke("restore", str(file))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {file} cannot be read: it is damaged (")
    assert invoke("db", "current").output == ""
