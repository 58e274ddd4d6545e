"""The rules themselves: each one is broken by hand, and found."""

from typing import Any

import pytest
from quart import Quart
from sqlalchemy import delete, text, update

from quartapp.extensions import db
from quartapp.models import Check, Event, EventKind, Outage, utcnow
from quartapp.models.look import Reason
from quartapp.models.usability import State
from tests.invariants import find_broken
from tests.services.watching import HOUR, look, watch

NOW = utcnow() + HOUR  # the first look is due by then
LATER = NOW + 24 * HOUR
COPY = "INSERT INTO {0} ({1}) SELECT {1} FROM {0}"
TOLD = "entity_id, kind, at, title, detail, subject_id, created_at, updated_at"
AWAY = "entity_id, started_at, reason, cause, created_at, updated_at"
BREAKS: dict[str, list[Any]] = {
    "a site is not looked at": [delete(Check)],
    "a site is out without an outage": [update(Check).values(outage_id=None)],
    "a site is well in an outage": [update(Check).values(state=State.UP)],
    "a site is in an outage that has ended, or is another's": [
        update(Outage).values(ended_at=LATER)
    ],
    "an outage is open, and its site is not out": [
        update(Check).values(outage_id=None, state=State.UP)
    ],
    "an outage ends before it begins": [update(Outage).values(ended_at=NOW - 24 * HOUR)],
    "an outage was not told": [delete(Event).where(Event.kind == EventKind.DOWN)],
    "an outage was told twice": [text(COPY.format("event", TOLD))],
    "outages of a site overlap": [text(COPY.format("outage", AWAY))],
    "the end of an outage was not told": [update(Outage).values(ended_at=LATER)],
}


async def be_down() -> None:
    await watch("https://a.example/")
    for number in range(3):
        await look(NOW + number * HOUR, Reason.CONNECT)


async def list_broken() -> dict[str, int]:
    async with db.read() as session:
        return await find_broken(session)


async def test_nothing_is_broken_while_a_site_goes_down_and_comes_back(app: Quart) -> None:
    async with app.app_context():
        await be_down()
        down = await list_broken()
        for number in range(3, 6):
            await look(NOW + number * HOUR)
        back = await list_broken()

    assert (down, back) == ({}, {})


@pytest.mark.parametrize("rule", BREAKS)
async def test_each_rule_finds_what_breaks_it(app: Quart, rule: str) -> None:
    async with app.app_context():
        await be_down()
        async with db.begin() as session:
            for statement in BREAKS[rule]:
                await session.execute(statement)

        assert rule in await list_broken()


async def test_row_that_is_not_there_is_missed(app: Quart) -> None:
    async with app.app_context():
        await be_down()
        async with db.engine.begin() as connection:
            await connection.exec_driver_sql("COMMIT")
            await connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            await connection.exec_driver_sql("DELETE FROM entity")
            await connection.exec_driver_sql("PRAGMA foreign_keys=ON")
            await connection.exec_driver_sql("BEGIN")

        assert (await list_broken())["check.entity_id names a row of entity that is not there"] == 1
