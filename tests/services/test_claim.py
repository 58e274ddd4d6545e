"""Whose turn it is to look at a site."""

import asyncio
from collections import Counter
from datetime import timedelta

from quart import Quart

from quartapp.extensions import db
from quartapp.models import utcnow
from quartapp.models.check import MAX_CRASHES, QUARANTINE
from quartapp.services.claim import ask_time, claim_check, release_jobs
from tests.services.watching import LEASE, claim, load_check, look, watch

SECOND = timedelta(seconds=1)


async def test_new_site_is_due_at_once(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example:8080/x")
        (job,) = await claim(utcnow() + SECOND)

    assert (job.url, job.host) == ("http://a.example:8080/x", "a.example")
    assert (job.fence, job.timeout) == (1, 20.0)


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
        assert len(await claim(last)) == 1
        assert await claim(last + QUARANTINE - SECOND) == []
        assert len(await claim(last + QUARANTINE)) == 1


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


async def test_database_says_what_time_it_is(app: Quart) -> None:
    async with app.app_context(), db.read() as session:
        found = await ask_time(session)

    assert abs(found - utcnow()) < SECOND


async def test_look_of_today_is_claimed_due_or_not(app: Quart) -> None:
    async with app.app_context():
        (entity,) = await watch("http://a.example")
        now = utcnow() + SECOND
        await look(now)
        async with db.begin() as session:
            job = await claim_check(session, entity, now=now + SECOND, lease=LEASE)

    assert (job.slot_at, job.fence) == (now + SECOND, 3)  # after a claim and its report
