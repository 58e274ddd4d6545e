"""How a backup is written: lines of JSON, which any database of ours can be filled with.

The first line says what it is; then, for each table, a line with its columns, a line for each row,
and one with the number and the digest of the rows; `{"end": true}` is the last.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, Column, Connection, LargeBinary, MetaData, Table, event
from sqlalchemy.types import BigInteger, Date, DateTime, Integer, Time, TypeDecorator

from quartapp.models.base import UtcDateTime

FORMAT = "quartapp backup 1"
DIGITS = 6  # of a number with a fraction that MariaDB keeps


def reflect_tables(connection: Connection) -> list[Table]:
    """Return the tables of an SQLite database, each after those that it refers to.

    They fit any database of ours that was made by the same revisions.
    """
    metadata = MetaData()
    event.listen(metadata, "column_reflect", give_type)
    metadata.reflect(connection)
    return metadata.sorted_tables


def give_type(_inspector: object, _table: object, column: dict[str, Any]) -> None:
    """Undo what SQLite does not tell apart: its times have no zone, its integers all sizes."""
    kind = column["type"].as_generic()
    if isinstance(kind, DateTime):
        kind = UtcDateTime()
    column["type"] = BigInteger() if isinstance(kind, Integer) else kind


def write_row(values: Sequence[Any]) -> list[Any]:
    return [write_value(value) for value in values]


def write_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def read_row(table: Table, columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    """Return the values of a line as *table* takes them; ValueError when they are none."""
    if len(row) != len(columns):
        raise ValueError(f"a row of {table.name} has {len(row)} values")
    return {
        name: read_value(table.c[name], value) for name, value in zip(columns, row, strict=True)
    }


def read_value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, Boolean):
        return bool(value)
    for of, read in ((DateTime, datetime), (Date, date), (Time, time)):
        if isinstance(kind, of):
            return read.fromisoformat(value)
    return value


class Digest:
    """What the rows of a table come to, in whatever order they are added."""

    def __init__(self) -> None:
        self.rows = self.sum = 0

    def add(self, row: Sequence[Any]) -> None:
        plain = [f"{one:.{DIGITS}g}" if isinstance(one, float) else one for one in row]
        line = json.dumps(plain, ensure_ascii=False).encode(errors="surrogatepass")
        self.rows += 1
        self.sum += int.from_bytes(hashlib.sha256(line).digest())

    def __str__(self) -> str:
        return f"{self.sum % 2**256:064x}"
