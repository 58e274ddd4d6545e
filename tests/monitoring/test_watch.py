"""The watcher: everything due is looked at once, and what goes wrong costs nobody else."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select, text, update
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from quartapp.extensions import db
from quartapp.models import Check, Event, Outage, Role, State, daily, result, utcnow
from quartapp.models.expectation import Expectation, Verdict, judge
from quartapp.models.look import Look, Reason
from quartapp.monitoring import reader
from quartapp.monitoring import watch as module
from quartapp.monitoring.gate import Gate
from quartapp.monitoring.watch import Watcher, run_checks
from quartapp.services.claim import Job
from quartapp.services.maintenance import add_maintenance
from tests.helpers import add_person
from tests.services.history import add_looks, load_rows
from tests.services.watching import load_check, watch


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Looking = Callable[[Job], Awaitable[Look]]


async def answer(job: Job) -> Look:
    return Look(job.url, utcnow(), status=200)


@asynccontextmanager
async def running(look: Looking, patience: float = 1.0, **given: int) -> AsyncIterator[Watcher]:
    watcher = Watcher(look, **given)
    task = asyncio.create_task(run_checks(watcher, patience))
    try:
        yield watcher
    finally:
        watcher.stop()
        await task


async def count_results() -> int:
    async with db.read() as session:
        return len((await session.execute(select(result))).all())


async def wait_for_results(count: int) -> None:
    for _ in range(400):
        if await count_results() >= count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"There are no {count} results.")


async def test_what_is_due_is_looked_at_once(app: Quart) -> None:
    looked: Counter[str] = Counter()

    async def look(job: Job) -> Look:
        looked[job.host] += 1
        return await answer(job)

    hosts = [f"{number}.example" for number in range(30)]
    async with app.app_context():
        await watch(*[f"http://{host}/" for host in hosts])
        async with running(look), running(look):
            await wait_for_results(30)
        async with db.read() as session:
            states = list(await session.scalars(select(Check.state)))

    assert looked == Counter(hosts)
    assert states == [State.UP] * 30


async def test_slow_host_holds_up_no_other(app: Quart) -> None:
    is_over = asyncio.Event()
    at_once, most = 0, 0

    async def look(job: Job) -> Look:
        nonlocal at_once, most
        if job.host == "slow.example":
            at_once += 1
            most = max(most, at_once)
            await is_over.wait()
            at_once -= 1
        return await answer(job)

    async with app.app_context():
        slow = [f"http://slow.example/{number}" for number in range(20)]
        await watch(*slow, *[f"http://{number}.example/" for number in range(20)])
        async with running(look, slots=4):
            await wait_for_results(20)
            is_over.set()

    assert most == 2


async def test_what_is_under_way_is_reported_before_the_watcher_ends(app: Quart) -> None:
    started = asyncio.Event()

    async def look(job: Job) -> Look:
        started.set()
        await asyncio.sleep(0.2)
        return await answer(job)

    async with app.app_context():
        await watch("http://a.example")
        async with running(look):
            await started.wait()
        assert (await load_check()).state == State.UP


async def test_what_takes_too_long_at_the_end_is_given_back(app: Quart) -> None:
    started = asyncio.Event()

    async def look(job: Job) -> Look:
        started.set()
        await asyncio.sleep(60)
        return await answer(job)

    async with app.app_context():
        await watch("http://a.example")
        async with running(look, patience=0.1):
            await started.wait()
        check = await load_check()

    assert (check.crashes, check.state) == (0, State.NEW)
    assert check.due_at is not None
    assert check.due_at <= utcnow() + timedelta(seconds=1)


async def test_bug_in_a_look_is_ours_and_costs_one_site_only(app: Quart) -> None:
    async def look(job: Job) -> Look:
        if job.host == "bad.example":
            raise ZeroDivisionError
        return await answer(job)

    async with app.app_context():
        await watch("http://bad.example", "http://good.example")
        async with running(look):
            await wait_for_results(2)
        async with db.read() as session:
            found = await session.execute(select(result.c.reason).order_by(result.c.entity_id))
            assert list(found.scalars()) == ["internal", ""]


async def test_answer_in_json_is_judged_by_its_value_beside_the_loop(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def note_thread(look: Look, expected: Expectation) -> Verdict:
        threads.append(threading.current_thread())
        return judge(look, expected)

    async def look(job: Job) -> Look:
        return Look(job.url, utcnow(), status=200, body=b'{"status": "down"}')

    monkeypatch.setattr(reader, "judge", note_thread)
    async with app.app_context():
        await watch("http://a.example")
        async with db.begin() as session:
            await session.execute(update(Check).values(json_path="$.status", json_value="up"))
        async with running(look):
            await wait_for_results(1)
        async with db.read() as session:
            row = (await session.execute(select(result.c.reason, result.c.detail))).one()
    assert tuple(row) == ("json", "It says “down” at $.status, not “up”.")
    assert threading.main_thread() not in threads


async def test_failure_seen_by_a_busy_process_is_no_failure(app: Quart) -> None:
    async def look(job: Job) -> Look:
        watcher.lag.late_at = float("inf")
        return Look(job.url, utcnow(), reason=Reason.TIMEOUT)

    async with app.app_context():
        await watch("http://a.example")
        async with running(look) as watcher:
            await wait_for_results(1)
        async with db.read() as session:
            row = (await session.execute(select(result.c.outcome, result.c.reason))).one()
        assert tuple(row) == ("error", "lag")
        assert (await load_check()).state == State.NEW


async def test_black_hole_between_us_and_the_world_moves_no_site(app: Quart) -> None:
    async def fail(url: str) -> Look:
        return Look(url, utcnow(), reason=Reason.TIMEOUT)

    async def look(job: Job) -> Look:
        return await fail(job.url)

    async with app.app_context():
        await watch("http://a.example", "http://b.example")
        async with running(look) as watcher:
            watcher.gate = Gate(["http://canary.example/"], fail)
            await wait_for_results(2)
        async with db.read() as session:
            found = await session.execute(select(result.c.outcome, result.c.reason))
            assert {tuple(row) for row in found} == {("error", "network")}
            assert set(await session.scalars(select(Check.state))) == {State.NEW}
            assert list(await session.scalars(select(Event))) == []


@pytest.mark.parametrize("database_kind", ["postgres"])  # SQLite keeps any number
async def test_result_that_cannot_be_kept_costs_no_other(app: Quart) -> None:
    async def look(job: Job) -> Look:
        if job.host == "bad.example":
            return Look(job.url, utcnow(), status=2**40)
        return await answer(job)

    async with app.app_context():
        await watch("http://bad.example", "http://good.example")
        async with running(look):
            await wait_for_results(1)
        assert await count_results() == 1


async def test_database_that_is_away_is_waited_for(
    app: Quart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PAUSE", 0.1)
    tries = 0
    real = module.record_reports

    async def fail_twice(session: object, *given: object) -> object:
        nonlocal tries
        tries += 1
        if tries < 3:
            await session.execute(text("SELECT 1"))  # type: ignore[attr-defined]
            raise PoolTimeoutError
        return await real(session, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "record_reports", fail_twice)
    async with app.app_context():
        await watch("http://a.example")
        async with running(answer):
            await wait_for_results(1)
        async with db.read() as session:
            assert list(await session.scalars(select(Outage))) == []
    assert tries == 3


async def test_late_loop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quartapp.monitoring.lag.LIMIT", 0.5)
    meter = module.LagMeter()
    task = asyncio.create_task(meter.run())
    await asyncio.sleep(0.05)
    began = asyncio.get_running_loop().time()
    end = began + 0.8
    while asyncio.get_running_loop().time() < end:
        pass
    await asyncio.sleep(0.05)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert meter.was_late_since(began)
    assert not meter.was_late_since(began + 5)


async def test_site_rests_while_it_has_a_window(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example/")
        async with db.begin() as session:
            boss = await add_person(session, "boss", role=Role.ADMIN)
            now = utcnow()
            given = {"title": "Disks", "timezone": "UTC", "starts_at": now - timedelta(hours=1)}
            await add_maintenance(session, None, boss, **given, ends_at=now + timedelta(hours=1))
        async with running(answer):
            for _ in range(400):
                if (await load_check()).state == State.MAINTENANCE:
                    break
                await asyncio.sleep(0.05)
        assert (await load_check()).state == State.MAINTENANCE


async def test_hours_that_nobody_rolled_up_are_caught_up_with(app: Quart) -> None:
    async with app.app_context():
        (entity,) = await watch("http://a.example/")
        await add_looks(entity.id, [utcnow() - timedelta(hours=30)])
        async with running(answer):
            for _ in range(400):
                if await load_rows(daily):
                    break
                await asyncio.sleep(0.05)
        assert [row["ok"] for row in await load_rows(daily)] == [1]
