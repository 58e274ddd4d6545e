"""All that is kept about a person, as one JSON document that nobody holds as a whole."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import User
from quartapp.models.archive import write_value
from quartapp.models.personal import SECTIONS, Section
from quartapp.services.export import Reading

FORMAT = "quartapp person 1"

OpenSession = Callable[[], AbstractAsyncContextManager[AsyncSession]]


async def write_person(open_session: OpenSession, user: User, now: datetime) -> AsyncIterator[str]:
    """Yield the document in pieces; no session is open while one is taken."""
    head = {"format": FORMAT, "made_at": write_value(now)}
    yield f"{write_json(head)[:-1]}"
    for section in SECTIONS:
        yield f",\n{write_json(section.name)}: ["
        gap = "\n"
        async for rows in read_parts(open_session, section, user):
            yield gap + ",\n".join(write_json(name_values(section, row)) for row in rows)
            gap = ",\n"
        yield "]"
    yield "}\n"


async def read_parts(
    open_session: OpenSession, section: Section, user: User
) -> AsyncIterator[list[Row[Any]]]:
    columns = [section.table.c[name] for name in section.columns]
    reading = Reading(select(*columns).where(section.choose(user)), section.table.c.id)
    part: list[Row[Any]] = []
    while True:
        async with open_session() as session:
            part = await reading.read_after(session, part[-1] if part else None)
        if not part:
            return
        yield part


def name_values(section: Section, row: Row[Any]) -> dict[str, Any]:
    return {name: write_value(value) for name, value in zip(section.columns, row, strict=True)}


def write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
