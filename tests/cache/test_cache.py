"""Values, tags and functions."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from quart import g

from quartapp import create_app
from quartapp.app import QuartApp
from quartapp.auth.asker import Asker
from quartapp.cache import Sight
from quartapp.extensions import cache
from tests.wire import until


@dataclass(frozen=True)
class Part:
    id: int | None = None


@pytest.mark.parametrize("value", [b"\x00j1", "text", 1, 0, "", [1, {"a": None}], False, b""])
async def test_value_comes_back_as_it_was(app: QuartApp, value: Any) -> None:
    async with app.app_context():
        await cache.set("a", value)
        found = [await cache.get("a"), await cache.get("b"), await cache.get_many("b", "a")]
        counted = cache.hits, cache.misses

    assert found == [value, None, [None, value]]
    assert counted == (2, 2)


async def test_value_is_kept_for_its_time_until_it_is_dropped(app: QuartApp) -> None:
    async with app.app_context():
        added = [await cache.add("a", 1), await cache.add("a", 2), await cache.get("a")]
        dropped = [await cache.delete("a"), await cache.delete("a"), await cache.get("a")]
        await cache.set("b", 1, 0.05)
        await asyncio.sleep(0.2)
        late = await cache.get("b")

    assert (added, dropped, late) == ([True, False, 1], [True, False, None], None)


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan")], ids=["object", "set", "nan"])
async def test_what_json_does_not_know_is_refused(app: QuartApp, value: Any) -> None:
    async with app.app_context():
        with pytest.raises((TypeError, ValueError)):
            await cache.set("a", value)


async def test_forgotten_tag_drops_what_has_it(app: QuartApp) -> None:
    async with app.app_context():
        await cache.set("a", 1, tags=["entity:7", "all"])
        await cache.set("b", 2, tags=["all"])
        await cache.set("c", 3)
        before = await cache.get_many("a", "b", "c")
        await cache.forget("entity:7")
        after = await cache.get_many("a", "b", "c")
        await cache.forget("all", "none")
        last = await cache.get_many("a", "b", "c")

    assert (before, after, last) == ([1, 2, 3], [None, 2, 3], [None, None, 3])


async def test_what_is_made_while_its_tag_is_forgotten_is_not_found(app: QuartApp) -> None:
    made: list[int] = []

    @cache.memoize(tags=["entity:{entity_id}"])
    async def load(entity_id: int) -> int:
        made.append(entity_id)
        if len(made) == 1:
            await cache.forget("entity:7")
        return len(made)

    async with app.app_context():
        assert [await load(7), await load(7), await load(7)] == [1, 2, 2]
        await cache.forget("entity:8")
        assert await load(7) == 2
        await cache.forget("entity:7")
        assert await load(7) == 3


async def test_function_is_called_once_for_its_arguments(app: QuartApp) -> None:
    made: list[Any] = []

    @cache.memoize()
    async def load(part: Any, size: int = 1) -> list[int]:
        made.append(part)
        return [len(made)]

    asked = [
        1,
        "1",
        True,
        1.0,
        None,
        [1],
        (1,),
        {"a": 1},
        Part(1),
        Part(2),
        b"1",
        Sight.USER,
        "user",
    ]
    async with app.app_context():
        first = [await load(part) for part in asked]
        again = [await load(part=part, size=1) for part in asked]
        with pytest.raises(TypeError, match="pass its id instead"):
            await load(object())

    assert first == again == [[number] for number in range(1, len(asked) + 1)]


async def test_herd_makes_a_value_once(app: QuartApp) -> None:
    made: list[int] = []

    @cache.memoize()
    async def load() -> int:
        await asyncio.sleep(0.05)
        made.append(1)
        return len(made)

    async with app.app_context():
        assert await asyncio.gather(*(load() for _ in range(50))) == 50 * [1]
        assert (cache.hits, cache.misses) == (49, 1)


async def test_who_goes_away_leaves_the_making_to_another(app: QuartApp) -> None:
    makers: list[Any] = []
    may_end = asyncio.Event()

    @cache.memoize()
    async def load() -> int:
        makers.append(asyncio.current_task())
        await may_end.wait()
        return len(makers)

    async with app.app_context():
        tasks = [asyncio.create_task(load()) for _ in range(10)]
        await until(lambda: len(makers) == 1)
        makers[0].cancel()
        await until(lambda: len(makers) == 2)
        may_end.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(one) for one in answers].count(asyncio.CancelledError) == 1
    assert (makers[0].cancelled(), answers.count(2)) == (True, 9)


async def test_failure_is_kept_by_nobody(app: QuartApp) -> None:
    made: list[int] = []

    @cache.memoize()
    async def load() -> int:
        made.append(1)
        if len(made) <= 3:
            raise LookupError
        return len(made)

    async with app.app_context():
        tries = await asyncio.gather(*(load() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in tries] == 3 * [LookupError]
        assert [await load(), await load()] == [4, 4]


async def test_what_is_for_everyone_is_made_for_a_stranger(app: QuartApp) -> None:
    @cache.memoize()
    async def load() -> Any:
        return g.get("asker")

    async with app.app_context():
        g.asker = Asker()
        assert (await load(), g.asker) == (None, Asker())


@pytest.mark.parametrize("timeout", [0, -1, 86_401])
def test_timeout_is_a_day_at_most(timeout: float) -> None:
    with pytest.raises(ValueError, match="a day at most"):
        cache.memoize(timeout)


async def test_without_a_size_nothing_is_cached() -> None:
    app = create_app({"TESTING": True, "CACHE_SIZE": 0})
    made: list[int] = []

    @cache.memoize()
    async def load() -> int:
        made.append(1)
        return len(made)

    async with app.app_context():
        await cache.set("a", 1)
        await cache.forget("a")
        assert [await cache.get("a"), await load(), await load(), cache.hits] == [None, 1, 2, 0]
