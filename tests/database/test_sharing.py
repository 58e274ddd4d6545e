"""Reads that several requests share: in one statement, never an older one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from quartapp.database.sharing import MOST, Sharer


class Table:
    """Values by key, and the keys of each read; a read waits until it may go on."""

    def __init__(self) -> None:
        self.values = {number: f"value {number}" for number in range(200)}
        self.reads: list[list[int]] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.failure: Exception | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        yield self

    async def load(self, _session: Any, keys: list[int]) -> dict[int, str]:
        self.reads.append(keys)
        found = {key: self.values[key] for key in keys if key in self.values}
        await self.may_go_on.wait()
        if self.failure is not None:
            raise self.failure
        return found


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def sharer(table: Table) -> Sharer[int, str]:
    return Sharer(table.load, table.open)


@pytest.mark.parametrize("turns", range(6))
async def test_who_comes_as_the_last_read_ends_is_answered(
    sharer: Sharer[int, str], table: Table, turns: int
) -> None:
    table.may_go_on.clear()
    first = [*await start(sharer, 1), *await start(sharer, 2)]

    async def come_late() -> str | None:
        await table.may_go_on.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        return await sharer.get(3)

    late = asyncio.create_task(come_late())
    await asyncio.sleep(0.01)
    table.may_go_on.set()

    assert await asyncio.wait_for(late, 1) == "value 3"
    await asyncio.gather(*first)


async def start(sharer: Sharer[int, str], *keys: int) -> list[asyncio.Task[str | None]]:
    tasks = [asyncio.create_task(sharer.get(key)) for key in keys]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_is_asked_at_once_is_one_statement(
    sharer: Sharer[int, str], table: Table
) -> None:
    found = await asyncio.gather(*(sharer.get(key) for key in (1, 2, 1, 999)))

    assert found == ["value 1", "value 2", "value 1", None]
    assert table.reads == [[1, 2, 999]]


async def test_nobody_joins_a_statement_that_was_sent_before(
    sharer: Sharer[int, str], table: Table
) -> None:
    table.may_go_on.clear()
    early = await start(sharer, 1)
    table.values[1] = "changed meanwhile"
    late = await start(sharer, 1)
    table.may_go_on.set()

    assert [await task for task in (*early, *late)] == ["value 1", "changed meanwhile"]


async def test_two_statements_are_on_their_way_and_the_rest_waits_together(
    sharer: Sharer[int, str], table: Table
) -> None:
    table.may_go_on.clear()
    tasks = [task for key in range(6) for task in await start(sharer, key)]
    assert table.reads == [[0], [1]]
    table.may_go_on.set()

    assert [await task for task in tasks] == [f"value {key}" for key in range(6)]
    assert table.reads == [[0], [1], [2, 3, 4, 5]]


async def test_a_statement_has_no_more_keys_than_that(
    sharer: Sharer[int, str], table: Table
) -> None:
    await asyncio.gather(*(sharer.get(key) for key in range(MOST + 1)))

    assert [len(keys) for keys in table.reads] == [MOST, 1]


async def test_who_leaves_takes_nothing_from_the_others(
    sharer: Sharer[int, str], table: Table
) -> None:
    table.may_go_on.clear()
    first, second = await start(sharer, 1, 1)
    first.cancel()
    await asyncio.sleep(0)
    table.may_go_on.set()

    assert await second == "value 1"
    assert first.cancelled()


async def test_a_failure_is_everybodys_and_the_next_ones_are_not(
    sharer: Sharer[int, str], table: Table
) -> None:
    table.failure = RuntimeError("away")
    failed = await asyncio.gather(sharer.get(1), sharer.get(2), return_exceptions=True)
    table.failure = None

    assert [str(error) for error in failed] == ["away", "away"]
    assert await sharer.get(1) == "value 1"
