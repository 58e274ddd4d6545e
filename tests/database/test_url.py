"""The address of the database: every usual form is understood, a wrong one explained."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import OperationalError

from quartapp.database.engine import make_engine
from quartapp.database.url import is_in_memory, normalize_url, parse_url, place_file
from tests.servers import Server

FORMS = [
    ("sqlite://", "sqlite+aiosqlite://"),
    ("sqlite:///:memory:", "sqlite+aiosqlite:///:memory:"),
    ("sqlite:///rel.db", "sqlite+aiosqlite:///rel.db"),
    ("sqlite:///a/b%20c.db", "sqlite+aiosqlite:///a/b%20c.db"),
    ("sqlite:////abs/x.db", "sqlite+aiosqlite:////abs/x.db"),
    ("sqlite+pysqlite:///rel.db", "sqlite+aiosqlite:///rel.db"),
    ("sqlite+aiosqlite:///rel.db", "sqlite+aiosqlite:///rel.db"),
    ("sqlite:///file:x.db?mode=ro", "sqlite+aiosqlite:///file:x.db?mode=ro&uri=true"),
    (
        "sqlite:///file:/abs/x.db?mode=ro&uri=true",
        "sqlite+aiosqlite:///file:/abs/x.db?mode=ro&uri=true",
    ),
    ("postgres://h/db", "postgresql+asyncpg://h/db"),
    ("postgresql://u:p@h:5433/db", "postgresql+asyncpg://u:p@h:5433/db"),
    ("postgresql+psycopg2://u:p@h/db", "postgresql+asyncpg://u:p@h/db"),
    ("postgresql+psycopg://u:p@h/db", "postgresql+asyncpg://u:p@h/db"),
    ("postgresql://u:p%40%2F%25%3A%20x@h/db", "postgresql+asyncpg://u:p%40%2F%25%3A%20x@h/db"),
    ("postgresql://u:p@[::1]:5432/db", "postgresql+asyncpg://u:p@[::1]:5432/db"),
    ("postgresql:///db?host=/run/pg", "postgresql+asyncpg:///db?host=/run/pg"),
    (
        "postgres://u:p@h/db?sslmode=verify-full&sslrootcert=/a",
        "postgresql+asyncpg://u:p@h/db"
        "?dsn=postgresql%3A%2F%2F%3Fsslmode%3Dverify-full%26sslrootcert%3D%252Fa",
    ),
    ("mysql://u:p@h/db", "mysql+asyncmy://u:p@h/db"),
    ("mysql+pymysql://u:p@h/db?charset=utf8mb4", "mysql+asyncmy://u:p@h/db?charset=utf8mb4"),
    ("mariadb+mysqldb://u:p%25@h:3307/db", "mysql+asyncmy://u:p%25@h:3307/db"),
    ("mariadb:///db?unix_socket=/run/m.sock", "mysql+asyncmy:///db?unix_socket=/run/m.sock"),
]
EXAMPLES = (
    "write one like sqlite:///quartapp.db, postgresql://user:password@host/name, "
    "mysql://user:password@host/name"
)
NO_HOST = "a file has no host; write sqlite:/// and a path, or sqlite://// and /a/b"
WRONG = [
    ("", f"not a database address; {EXAMPLES}"),
    ("quartapp.db", f"not a database address; {EXAMPLES}"),
    ("postgresql://u:p@h:port/db", f"not a database address; {EXAMPLES}"),
    ("mssql+pyodbc://h/db", f"not a database that is supported; {EXAMPLES}"),
    ("postgresql://u:p@h", f"no database is named; {EXAMPLES}"),
    ("mysql://u:p@h/", f"no database is named; {EXAMPLES}"),
    ("sqlite://rel.db", NO_HOST),
    ("mysql://u:p@ssword@h/db", "there is an @ too many; write one in a password as %40"),
    ("postgresql://u:p@h:99999/db", "a port is a number from 1 to 65535"),
    ("mariadb://u:%C3%A4@h/db", "the driver of MySQL takes a password of ASCII characters only"),
    ("sqlite:///x.db?timeout=9", "the option 'timeout' is not supported; leave it out"),
    ("postgres://h/db?sslmod=require", "the option 'sslmod' is not supported; leave it out"),
    ("mysql://h/db?useSSL=false", "the option 'useSSL' is not supported; leave it out"),
]


@pytest.mark.parametrize(("written", "expected"), FORMS)
def test_every_usual_form_is_understood(written: str, expected: str) -> None:
    found = parse_url(written)
    again = normalize_url(SecretStr(found.render_as_string(hide_password=False)))

    assert found == make_url(expected)
    assert parse_url(again.get_secret_value()) == found


@pytest.mark.parametrize(("written", "complaint"), WRONG)
def test_a_wrong_address_is_explained(written: str, complaint: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        parse_url(written)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("written", "placed"),
    [
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:x?mode=memory", None),
        ("sqlite:////srv/x.db", "/srv/x.db"),
        ("sqlite:///file:/srv/x.db", "file:/srv/x.db"),
        ("postgresql://h/db", "db"),
        ("sqlite:///x.db", "{folder}/x.db"),
        ("sqlite:///file:x.db?mode=rwc", "file:{folder}/x.db"),
    ],
)
def test_a_relative_file_starts_in_the_instance_folder(
    tmp_path: Path, written: str, placed: str | None
) -> None:
    folder = tmp_path / "instance"
    url = parse_url(written)

    found = place_file(url, folder)

    assert found == (url.set(database=placed.format(folder=folder)) if placed else url)
    assert place_file(found, tmp_path / "another") == found
    assert is_in_memory(found) == (placed is None)
    assert folder.exists() == bool(placed and "{folder}" in placed)


# --- on real databases


async def ask(url: URL, question: str) -> Any:
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(question))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    "form", ["sqlite:///{}", "sqlite:///file:{}?mode=rwc", "sqlite+pysqlite:///{}"]
)
async def test_sqlite_makes_the_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "with a space" / "test.db"

    await ask(place_file(parse_url(form.format("test.db")), path.parent), "SELECT 1")

    assert path.read_bytes()[:15] == b"SQLite format 3"


async def test_postgresql_gets_the_options_of_libpq(postgres_server: Server) -> None:
    url = f"postgresql+psycopg2://postgres@127.0.0.1:{postgres_server.port}/postgres"
    options = "sslmode=disable&options=-c%20search_path%3Dnowhere"

    assert await ask(parse_url(f"{url}?{options}"), "SHOW search_path") == "nowhere"
    assert await ask(parse_url(f"{url}?sslmode=prefer"), "SELECT 1") == 1
    with pytest.raises(OperationalError, match="rejected SSL upgrade"):
        await ask(parse_url(f"{url}?sslmode=require"), "SELECT 1")


async def test_a_password_may_hold_any_character(mariadb_server: Server) -> None:
    password = 'p@/%:#? "'
    place = f"127.0.0.1:{mariadb_server.port}/mysql"
    literal = password.replace(":", r"\:")
    await ask(
        parse_url(f"mysql://root@{place}"),
        f"GRANT SELECT ON *.* TO 'tester'@'127.0.0.1' IDENTIFIED BY '{literal}'",
    )

    found = await ask(
        parse_url(f"mariadb+pymysql://tester:{quote(password, safe='')}@{place}?charset=latin1"),
        "SELECT concat(current_user(), ' ', @@character_set_client)",
    )

    assert found == "tester@127.0.0.1 utf8mb4"
