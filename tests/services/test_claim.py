"""Whose turn it is to look at a site."""

import asyncio
from collections import Counter
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import Check, utcnow
from quartapp.models.check import MAX_CRASHES, QUARANTINE
from quartapp.services.claim import Job, claim_checks, release_jobs
from tests.services.watching import LEASE, claim, load_check, watch

SECOND = timedelta(seconds=1)


async def load_fences() -> dict[int, int]:
    async with db.read() as session:
        return {check.id: check.fence for check in await session.scalars(select(Check))}


async def test_new_site_is_due_at_once(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example:8080/x")
        (job,) = await claim(utcnow() + SECOND)

    assert (job.url, job.host) == ("http://a.example:8080/x", "a.example")
    assert (job.fence, job.timeout) == (1, 20.0)
    with pytest.raises(FrozenInstanceError):
        job.fence = 2  # type: ignore[misc]


async def test_each_job_is_of_its_own_site(app: Quart) -> None:
    urls = [f"http://{name}.example/{name}" for name in "abc"]
    async with app.app_context():
        entities = await watch(*urls)
        jobs = await claim(utcnow() + SECOND)
        fences = await load_fences()

    assert [(job.entity_id, job.url) for job in jobs] == [(one.id, one.url) for one in entities]
    assert fences == {job.check_id: job.fence for job in jobs}


async def test_claimed_site_is_nobody_elses_until_the_lease_ends(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        now = utcnow() + SECOND
        (first,) = await claim(now)
        assert await claim(now + LEASE - SECOND) == []
        (second,) = await claim(now + LEASE)

    assert (second.slot_at, second.fence) == (first.slot_at, 2)


async def test_those_that_wait_longest_come_first(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example", "http://b.example", "http://c.example")
        jobs = await claim(utcnow() + SECOND, limit=2)

    assert [job.host for job in jobs] == ["a.example", "b.example"]


async def test_host_gets_no_more_than_two_at_once(app: Quart) -> None:
    async with app.app_context():
        slow = [f"http://slow.example/{number}" for number in range(10)]
        await watch(*slow, "http://a.example", "http://b.example")
        now = utcnow() + SECOND
        first = await claim(now, limit=6)
        busy = Counter(job.host for job in first)
        second = await claim(now, limit=4, busy=busy)

    assert Counter(job.host for job in first + second) == {
        "slow.example": 2,
        "a.example": 1,
        "b.example": 1,
    }


async def test_hosts_of_a_crowd_get_no_more_than_two_at_once(app: Quart) -> None:
    crowds = {f"{number}.example": "192.0.2.1" for number in range(10)}
    async with app.app_context():
        await watch(*[f"http://{host}" for host in crowds], "http://a.example", "http://b.example")
        now = utcnow() + SECOND
        first = await claim(now, limit=1, crowds=crowds)
        second = await claim(now, limit=4, crowds=crowds, busy=Counter(["192.0.2.1"]))
        third = await claim(now, limit=4, crowds=crowds, busy=Counter(["192.0.2.1"] * 2))

    assert [[job.host for job in jobs] for jobs in (first, second, third)] == [
        ["0.example"],
        ["1.example"],
        ["a.example", "b.example"],
    ]


async def test_full_hosts_keep_nobody_from_those_behind_them(app: Quart) -> None:
    """However many of their sites wait, and however many looks they are at."""
    crowds = {"c.example": "192.0.2.3", "d.example": "192.0.2.4", "e.example": "192.0.2.5"}
    busy = Counter({"a.example": 2, "b.example": 3, "192.0.2.3": 2, "192.0.2.4": 3})
    busy.update(["192.0.2.5", "f.example"])  # one more is theirs
    async with app.app_context():
        waiting = [f"http://{name}.example/{number}" for name in "abcd" for number in "12"]
        await watch(*waiting, "http://e.example", "http://f.example", "http://g.example")
        now = utcnow() + SECOND
        jobs = [(await claim(now, limit=1, busy=busy, crowds=crowds))[0].host for _ in range(3)]
        assert await claim(now, limit=1, busy=busy, crowds=crowds) == []

    assert jobs == ["e.example", "f.example", "g.example"]


async def test_twice_as_many_are_thought_of_as_some_are_of_one_host(app: Quart) -> None:
    async with app.app_context():
        await watch(*[f"http://slow.example/{number}" for number in range(4)], "http://a.example")
        jobs = await claim(utcnow() + SECOND, limit=3)

    assert [job.host for job in jobs] == ["slow.example", "slow.example", "a.example"]


@pytest.mark.parametrize("database_kind", ["postgres", "mariadb"])  # SQLite has one writer
async def test_claim_locks_no_more_than_it_thinks_of(app: Quart) -> None:
    """Who claims meanwhile neither waits nor goes without."""
    async with app.app_context():
        await watch(*[f"http://{name}.example" for name in "abcde"])
        now = utcnow() + SECOND
        async with db.begin() as session:
            mine = await claim_checks(session, now=now, lease=LEASE, limit=2)
            theirs = await claim(now)

    assert [job.host for job in mine + theirs] == ["a.example", "b.example", "e.example"]


async def test_many_claimers_share_without_taking_twice(app: Quart) -> None:
    async with app.app_context():
        await watch(*[f"http://{number}.example" for number in range(40)])
        now = utcnow() + SECOND
        taken: list[int] = []
        while len(taken) < 40:
            for jobs in await asyncio.gather(*(claim(now, limit=5) for _ in range(4))):
                taken += [job.entity_id for job in jobs]

    assert len({*taken}) == len(taken)


async def test_site_that_no_worker_survives_is_left_alone_for_an_hour(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        now = utcnow() + SECOND
        for number in range(MAX_CRASHES):
            assert len(await claim(now + number * LEASE)) == 1
        last = now + MAX_CRASHES * LEASE
        for now in (last, last + QUARANTINE):
            assert await claim(now - SECOND) == []
            (job,) = await claim(now)
            assert await load_fences() == {job.check_id: job.fence}
        assert await claim(last + 2 * QUARANTINE - SECOND) == []


async def release(*jobs: Job) -> None:
    async with db.begin() as session:
        await release_jobs(session, jobs, utcnow())


async def test_released_job_is_due_again_and_no_crash(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        now = utcnow() + SECOND
        for _ in range(MAX_CRASHES + 1):
            jobs = await claim(now)
            async with db.begin() as session:
                await release_jobs(session, jobs, now)
        check = await load_check()

    assert (check.crashes, check.due_at) == (0, now)


async def test_released_job_gives_back_no_other(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example", "http://b.example", "http://c.example")
        now = utcnow() + SECOND
        _, job, _ = await claim(now)
        await release(job)
        assert [one.host for one in await claim(now)] == ["b.example"]


@pytest.mark.parametrize("later", [1, -1])
async def test_who_does_not_hold_the_fence_gives_back_nothing(app: Quart, later: int) -> None:
    """A worker that was overtaken, or one from before a backup was restored."""
    async with app.app_context():
        await watch("http://a.example")
        now = utcnow() + SECOND
        (job,) = await claim(now)
        await release(replace(job, fence=job.fence + later))
        assert (await claim(now), (await load_check()).crashes) == ([], 1)
