"""Rows for any table, with values that only a column of their type could lose or change."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    Time,
    insert,
)

from quartapp.models.base import UtcDateTime

ROWS = 3  # of each table
IDS = 2**33  # they are larger than an ordinary integer
START = datetime(2026, 3, 29, 1, 59, 59, 123456, UTC)


def fill(connection: Connection, tables: Iterable[Table], ids: int = IDS) -> None:
    for table in tables:
        rows = [
            {column.name: make_value(column, number, ids) for column in table.c}
            for number in range(1, ROWS + 1)
        ]
        connection.execute(insert(table), rows)


def make_value(column: Column[Any], number: int, ids: int = IDS) -> Any:
    if column.foreign_keys or column.name == "id":
        return ids + number
    if column.nullable and number == ROWS:
        return None
    kinds: dict[type, Any] = {
        UtcDateTime: START + timedelta(days=number, microseconds=number),
        Boolean: bool(number % 2),
        Float: number / 7,
        LargeBinary: bytes([number, 0, 255, 10]),
        Date: date(2026, 2, 27 + number if number < 2 else 28),
        Time: time(23, 59, number),
        Integer: 30_000 + number,
    }
    for kind, value in kinds.items():
        if isinstance(column.type, kind):
            return value
    assert isinstance(column.type, String)
    text = f"{number}\t'\"\\ ☃ 😀\n{column.name}"
    return text[: column.type.length or 60]
