"""All that is kept, written into a stream and read from it, by one transaction each."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.errors import ConflictError, InvalidError
from quartapp.models.archive import FORMAT, Digest, read_row, write_row
from quartapp.services.retention import list_partitions, make_partition, name_partition

PART = 1_000  # rows that are read or added at once

Tell = Callable[[str, int], None]  # is told the name of a table that is done, and its rows


async def write_backup(
    session: AsyncSession, tables: Sequence[Table], revision: str, version: str, now: datetime
) -> AsyncIterator[str]:
    """Yield the lines of a backup; the transaction of *session* must see one moment."""
    head = {"format": FORMAT, "revision": revision, "version": version, "at": now.isoformat()}
    yield write_line(head)
    for table in tables:
        columns = [column.name for column in table.c]
        yield write_line({"table": table.name, "columns": columns})
        digest = Digest()
        async for row in read_rows(session, table, columns):
            digest.add(row)
            yield write_line(row)
        yield write_line({"rows": digest.rows, "digest": str(digest)})
    yield write_line({"end": True})


def write_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


async def read_rows(
    session: AsyncSession, table: Table, columns: Sequence[str]
) -> AsyncIterator[list[Any]]:
    query = select(*[table.c[name] for name in columns]).execution_options(yield_per=PART)
    async for row in await session.stream(query):
        yield write_row(row)


async def require_empty(session: AsyncSession, tables: Sequence[Table]) -> None:
    """Refuse a database that has anything in it, with ConflictError."""
    for table in tables:
        if await session.scalar(select(func.count()).select_from(table)):
            raise ConflictError(
                f"The table {table.name} is not empty; restore into a new database."
            )


def read_revision(lines: Iterator[str]) -> tuple[str, str]:
    """Return what the first line tells: the revision, and the version of quartapp that wrote it.

    InvalidError for what is no backup.
    """
    try:
        head = json.loads(next(lines, "") or "{}")
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise ValueError(f"its first line does not say {FORMAT!r}")
        return str(head["revision"]), str(head["version"])
    except (ValueError, KeyError) as error:
        raise InvalidError(f"This is no whole backup: {error}.") from error


async def read_backup(
    session: AsyncSession, tables: Sequence[Table], lines: Iterator[str], tell: Tell
) -> None:
    """Fill the tables, and read them once more: what is there must be what was written.

    InvalidError for what is not whole, or is of other tables; the caller undoes.
    """
    try:
        for table in tables:
            tell(table.name, await fill_table(session, table, lines))
        require_end(lines)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidError(f"This is no whole backup: {error}.") from error
    await set_counters(session, tables)


async def fill_table(session: AsyncSession, table: Table, lines: Iterator[str]) -> int:
    columns = read_head(lines, table)
    given = Digest()
    rows = (read_row(table, columns, row) for row in read_digested(lines, table, given))
    while part := list(islice(rows, PART)):
        await add(session, table, part)
    await require_same(session, table, columns, given)
    return given.rows


def read_head(lines: Iterator[str], table: Table) -> list[str]:
    head = read_line(lines)
    if head["table"] != table.name:
        raise ValueError(f"{head['table']} comes where {table.name} was expected")
    return list(head["columns"])


def read_digested(lines: Iterator[str], table: Table, digest: Digest) -> Iterator[list[Any]]:
    """Yield the rows of a table; ValueError at their end when they are not what was written."""
    while isinstance(row := read_line(lines), list):
        digest.add(row)
        yield row
    if row != {"rows": digest.rows, "digest": str(digest)}:
        raise ValueError(f"rows of {table.name} are missing or were changed")


def read_line(lines: Iterator[str]) -> Any:
    line = next(lines, "")
    if not line:
        raise ValueError("it ends too soon")
    return json.loads(line)


def require_end(lines: Iterator[str]) -> None:
    if read_line(lines) != {"end": True}:
        raise ValueError("more follows than the tables")


def check_backup(tables: Sequence[Table], lines: Iterator[str]) -> int:
    """Read a backup as `read_backup` does, without a database; return the number of its rows."""
    total = 0
    try:
        for table in tables:
            digest, columns = Digest(), read_head(lines, table)
            for row in read_digested(lines, table, digest):
                read_row(table, columns, row)
            total += digest.rows
        require_end(lines)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidError(f"This is no whole backup: {error}.") from error
    return total


async def add(session: AsyncSession, table: Table, rows: list[dict[str, Any]]) -> None:
    if table.name == "result" and session.get_bind().dialect.name == "postgresql":
        there = {*await list_partitions(session)}
        for day in sorted({row["slot_at"].date() for row in rows}):
            if name_partition(day) not in there:
                await make_partition(session, day)
    if rows:
        await session.execute(insert(table), rows)


async def require_same(
    session: AsyncSession, table: Table, columns: Sequence[str], given: Digest
) -> None:
    kept = Digest()
    async for row in read_rows(session, table, columns):
        kept.add(row)
    if (kept.rows, str(kept)) != (given.rows, str(given)):
        raise ValueError(f"{table.name} was not kept as it was written")


async def set_counters(session: AsyncSession, tables: Sequence[Table]) -> None:
    """Let PostgreSQL count on from the highest ids; the others do by themselves."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        if "id" in table.c:
            # Names come from the revisions.
            counter = f"pg_get_serial_sequence('\"{table.name}\"', 'id')"
            highest = f'(SELECT max(id) FROM "{table.name}")'  # noqa: S608
            await session.execute(text(f"SELECT setval({counter}, {highest})"))
