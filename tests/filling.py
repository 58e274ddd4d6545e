"""Rows in all tables: the first of each refers to the first ones of the others, and so on."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Column, Date, LargeBinary, Time, insert
from sqlalchemy.types import Boolean, Float, Integer, String

from quartapp.extensions import db
from quartapp.models.archive import list_tables
from quartapp.models.base import UtcDateTime

ROWS = 3
START = datetime(2026, 3, 29, 1, 59, 59, 123456, UTC)


def make_value(column: Column[Any], number: int) -> Any:
    """Return something that only a column of this type could lose or change."""
    if column.foreign_keys or column.name == "id":
        return number
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


async def fill() -> None:
    async with db.engine.begin() as connection:
        for table in list_tables():
            rows = [
                {column.name: make_value(column, number) for column in table.c}
                for number in range(1, ROWS + 1)
            ]
            await connection.execute(insert(table), rows)
