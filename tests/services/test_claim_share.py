"""What one owner's sites get while those of others are due: not all there is."""

import re
from collections import Counter
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import text

from quartapp.extensions import db
from quartapp.models import User, utcnow
from quartapp.models.share import Shares
from quartapp.services import claim as claims
from quartapp.services.claim import Job, claim_checks, leave_out, select_due
from tests.helpers import queries
from tests.services.watching import LEASE, claim, watch

SECOND = timedelta(seconds=1)


async def crowd(owner: User | None, letter: str, count: int) -> None:
    await watch(*(f"http://{letter}{number}.example" for number in range(count)), owner=owner)


def name_hosts(jobs: list[Job]) -> list[str]:
    return [job.host.split(".")[0] for job in jobs]


async def test_job_knows_whose_site_it_is(app: Quart, people: list[User]) -> None:
    async with app.app_context():
        await crowd(people[0], "a", 1)
        await crowd(None, "b", 1)
        jobs = await claim(utcnow() + SECOND)

    assert [job.owner_id for job in jobs] == [people[0].id, None]


@pytest.mark.parametrize("is_known", [True, False])
async def test_others_are_found_behind_any_number_of_ones_sites(
    app: Quart, people: list[User], is_known: bool
) -> None:
    ann, bob, _ = people
    owner = ann if is_known else None  # nobody's sites are one more owner's
    async with app.app_context():
        await crowd(owner, "a", 12)
        await crowd(bob, "b", 2)
        now = utcnow() + SECOND
        first = await claim(now, limit=4, share=3)
        owners = Counter(job.owner_id for job in first)
        later = [await claim(now, limit=1, share=3, owners=owners) for _ in range(2)]

    assert owners == {owner.id if owner else None: 3, bob.id: 1}
    assert [name_hosts(jobs) for jobs in (first, *later)] == [
        ["a0", "a1", "a2", "b0"],
        ["b1"],
        ["a3"],
    ]


async def test_nobodys_sites_are_found_behind_somebodys(app: Quart, people: list[User]) -> None:
    async with app.app_context():
        await crowd(people[0], "a", 12)
        await crowd(None, "b", 1)
        jobs = await claim(utcnow() + SECOND, limit=4, share=3)

    assert name_hosts(jobs) == ["a0", "a1", "a2", "b0"]


async def test_who_is_found_among_the_first_is_not_found_again(
    app: Quart, people: list[User]
) -> None:
    ann, bob, _ = people
    async with app.app_context():
        await crowd(bob, "b", 1)
        await crowd(ann, "a", 12)
        await crowd(None, "c", 1)
        jobs = await claim(utcnow() + SECOND, limit=4, share=3)

    assert name_hosts(jobs) == ["b0", "a0", "a1", "c0"]


@pytest.mark.parametrize("newcomer", range(4))
async def test_others_are_found_behind_those_of_several(
    app: Quart, people: list[User], newcomer: int
) -> None:
    """Whoever it is: nobody, or one whose id is below, between or above those of the busy."""
    everybody = [None, *people]
    busy = [owner for number, owner in enumerate(everybody) if number != newcomer]
    async with app.app_context():
        for letter, owner in zip("abc", busy, strict=True):
            await crowd(owner, letter, 12)
        await crowd(everybody[newcomer], "d", 1)
        now = utcnow() + SECOND
        owners = Counter(owner.id if owner else None for owner in busy * 3)
        jobs = [await claim(now, limit=1, share=9, owners=owners) for _ in range(2)]

    assert [name_hosts(found) for found in jobs] == [["d0"], ["a0"]]


@pytest.mark.parametrize(("depth", "last"), [(12, "b0"), (11, "a3")])
async def test_others_are_looked_for_as_far_as_a_statement_reads_in_time(
    app: Quart, people: list[User], monkeypatch: pytest.MonkeyPatch, depth: int, last: str
) -> None:
    """Behind even more of one owner's sites they wait: else nobody's would be claimed."""
    monkeypatch.setattr(claims, "DEPTH", depth)
    async with app.app_context():
        await crowd(people[0], "a", 12)
        await crowd(people[1], "b", 1)
        jobs = await claim(utcnow() + SECOND, limit=4, share=3)

    assert name_hosts(jobs) == ["a0", "a1", "a2", last]


@pytest.mark.parametrize("count", [3, 12])
async def test_owner_who_is_alone_has_all(app: Quart, people: list[User], count: int) -> None:
    async with app.app_context():
        await crowd(people[0], "a", count)
        jobs = await claim(utcnow() + SECOND, limit=4, share=1)

    assert name_hosts(jobs) == ["a0", "a1", "a2", "a3"][:count]


async def test_host_gets_no_more_than_two_of_what_is_left(app: Quart, people: list[User]) -> None:
    async with app.app_context():
        await watch(*[f"http://slow.example/{number}" for number in range(3)], owner=people[0])
        await crowd(people[1], "b", 1)
        jobs = await claim(utcnow() + SECOND, limit=4, share=1)

    assert Counter(name_hosts(jobs)) == {"slow": 2, "b0": 1}


async def test_host_that_the_first_ones_fill_keeps_nobody_behind_it(
    app: Quart, people: list[User]
) -> None:
    ann, bob, eve = people
    slow = [f"http://slow.example/{number}" for number in range(6)]
    async with app.app_context():
        await watch(*slow[:2], owner=eve)
        await crowd(ann, "a", 12)
        await watch(*slow[2:], "http://b.example", owner=bob)
        jobs = await claim(utcnow() + SECOND, limit=5, share=2)

    assert name_hosts(jobs) == ["slow", "slow", "a0", "b", "a1"]


async def count_statements(limit: int, **given: Any) -> int:
    """Count those of a claim that is taken back."""
    async with db.begin() as session:
        point = await session.begin_nested()
        now = utcnow() + SECOND
        with queries(db.engine) as sent:
            shares = Shares(**deepcopy(given))
            await claim_checks(session, now=now, lease=LEASE, limit=limit, shares=shares)
        await point.rollback()
    return len(sent)


async def test_shares_cost_one_statement_where_others_may_stand_behind(
    app: Quart, people: list[User]
) -> None:
    ann, bob, _ = people
    async with app.app_context():
        await crowd(ann, "a", 8)
        await crowd(bob, "b", 2)
        owners = Counter({ann.id: 3})
        hosts = {f"a{number}.example": "192.0.2.1" for number in range(8)}
        plain = await count_statements(4)
        assert await count_statements(4, share=4) == plain  # none has more than is fair
        assert await count_statements(4, share=4, crowds=hosts) == plain  # nor if slots are left
        assert await count_statements(4, share=3) == plain + 1
        assert await count_statements(1, share=4, owners=owners) == plain
        assert await count_statements(1, share=3, owners=owners) == plain + 1
        assert await count_statements(1, share=3, owners=owners, is_seeking=False) == plain
        assert (
            await count_statements(6, share=3, owners=owners) == plain
        )  # all that are due are seen


@pytest.mark.parametrize("is_there", [True, False])
async def test_claim_says_if_nobody_elses_were_found(
    app: Quart, people: list[User], is_there: bool
) -> None:
    shares = Shares(share=1)
    async with app.app_context():
        await crowd(people[0], "a", 8)
        await crowd(people[1], "b", int(is_there))
        async with db.begin() as session:
            now = utcnow() + SECOND
            await claim_checks(session, now=now, lease=LEASE, limit=2, shares=shares)

    assert shares.is_alone is not is_there


# SQLite has one writer, and MariaDB keeps all that was passed over locked until the commit.
@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_who_claims_meanwhile_finds_others_as_well(app: Quart, people: list[User]) -> None:
    ann, bob, _ = people
    async with app.app_context():
        await crowd(ann, "a", 12)
        await crowd(bob, "b", 6)
        now = utcnow() + SECOND
        async with db.begin() as session:
            shares = Shares(share=1)
            mine = await claim_checks(session, now=now, lease=LEASE, limit=2, shares=shares)
            theirs = await claim(now, limit=2, share=1)

    assert name_hosts(mine) == ["a0", "b0"]
    assert name_hosts(theirs) == ["a4", "b2"]


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize("is_alone", [True, False])
@pytest.mark.parametrize("busy", [1, 2])
async def test_others_are_looked_for_where_there_are_some(
    app: Quart, people: list[User], busy: int, is_alone: bool
) -> None:
    """Who is alone does not pay for it, however many sites are due."""
    *_, bob = people
    owners = [person.id for person in people[:busy]]
    async with app.app_context():
        await crowd(people[0] if is_alone else bob, "a", 1)
        due = leave_out(select_due(utcnow(), []), owners, [])
        query = due.compile(db.engine, compile_kwargs={"literal_binds": True})
        async with db.read() as session:
            plan = await session.scalars(text(f"EXPLAIN (ANALYZE, COSTS off) {query}"))
            read = re.findall(r' on (entity entity_1|entity|"check") \(actual', "\n".join(plan))

    assert set(read) == {"entity entity_1", *([] if is_alone else ["entity", '"check"'])}
