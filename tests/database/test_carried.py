"""What migrations make of the rows that are there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from quartapp.database.url import parse_url
from tests.database.migrating import configure

REMADE = ("event", "delivery")  # so that SQLite gives none of their ids twice


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configure(parse_url(f"sqlite:///{tmp_path}/test.db"))


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that holds nobody up: each statement is a transaction."""
    with closing(sqlite3.connect(f"{tmp_path}/test.db", isolation_level=None)) as connection:
        yield connection


def insert_row(rows: sqlite3.Connection, table: str, **given: object) -> None:
    """Insert a row that has 1 wherever something is needed."""
    columns = rows.execute(f"PRAGMA table_info('{table}')").fetchall()
    row = {name: 1 for _, name, _, is_needed, *_ in columns if is_needed} | given
    fields, values = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
    rows.execute(f'INSERT INTO "{table}" ({fields}) VALUES ({values})', tuple(row.values()))


def test_notices_that_were_given_of_certificates_are_not_given_again(
    config: Config, rows: sqlite3.Connection
) -> None:
    command.upgrade(config, "0014_json_path")
    insert_row(rows, "entity")
    insert_row(rows, "check", certificate="aa", certificate_told=7)
    command.upgrade(config, "0015_notices")

    assert rows.execute("SELECT * FROM notice").fetchall() == [(1, "aa", 7)]


def test_browsers_of_who_has_an_app_for_codes_need_not_give_one_again(
    config: Config, rows: sqlite3.Connection
) -> None:
    command.upgrade(config, "0021_idempotency")
    for number in (1, 2):
        insert_row(rows, "user", **dict.fromkeys(("id", "name"), number))
        own = dict.fromkeys(("id", "user_id", "token_hash", "family"), number)
        insert_row(rows, "user_session", created_at="then", **own)
    insert_row(rows, "second_factor", user_id=1)
    command.upgrade(config, "0022_session_factor")

    query = "SELECT user_id, factor_at FROM user_session ORDER BY user_id"
    assert rows.execute(query).fetchall() == [(1, "then"), (2, None)]


def read_remade(rows: sqlite3.Connection) -> list[object]:
    return [rows.execute(f"SELECT * FROM {name} ORDER BY id").fetchall() for name in REMADE]


def test_events_and_deliveries_are_carried_over_and_their_ids_not_given_again(
    config: Config, rows: sqlite3.Connection
) -> None:
    command.upgrade(config, "0022_session_factor")
    for table in ("user", "entity", "channel"):
        insert_row(rows, table)
    for number in (3, 7):
        insert_row(rows, "event", id=number)
        insert_row(rows, "delivery", id=number, event_id=number)
    before = read_remade(rows)
    command.upgrade(config, "0023_ids_once")
    assert read_remade(rows) == before
    command.downgrade(config, "0022_session_factor")
    assert read_remade(rows) == before

    command.upgrade(config, "0023_ids_once")
    rows.execute("PRAGMA foreign_keys=ON")
    rows.execute("DELETE FROM event WHERE id = 7")
    for name in REMADE:
        assert rows.execute(f"SELECT id FROM {name}").fetchall() == [(3,)]
        insert_row(rows, name, id=None)
        assert rows.execute(f"SELECT max(id) FROM {name}").fetchone() == (8,)
