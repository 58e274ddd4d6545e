"""Claims: whatever workers do or fail to do, each look is one's alone, and none is forgotten."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from quartapp.models import Check, Outage, utcnow
from quartapp.models.check import MAX_CRASHES, QUARANTINE
from quartapp.models.look import Reason
from quartapp.models.result import result
from quartapp.models.usability import DOUBTFUL, State
from quartapp.services.claim import Job, claim_checks, release_jobs
from quartapp.services.entity import add_entity
from quartapp.services.result import record_reports
from tests.hardening.ground import WAITS, Ground, Machine, explore
from tests.services.watching import LEASE, see

pytestmark = [pytest.mark.properties, pytest.mark.timeout(600)]

SITES = 4


class Claims(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[Job, datetime]] = []  # of workers that live, until when
        self.last: dict[int, int] = {}  # the last fence given out, by check
        self.lost: Counter[int] = Counter()  # claims in a row that nothing came back from
        self.kept = 0  # reports that counted

    @initialize()
    def begin(self) -> None:
        async def add(session: AsyncSession) -> None:
            for number in range(SITES):
                url = f"http://{number}.example"
                await add_entity(session, name=f"Site {number}", url=url, owner=None)

        self.run(add)
        self.wait(timedelta(minutes=2))  # until all are due

    @rule(limit=st.integers(1, SITES))
    def claim(self, limit: int) -> None:
        now = utcnow()
        jobs = self.run(lambda session: claim_checks(session, now=now, lease=LEASE, limit=limit))
        busy = {job.check_id for job, end in self.held if end > now and self.is_last(job)}
        assert not busy & {job.check_id for job in jobs}
        for job in jobs:
            assert job.fence == self.last.get(job.check_id, 0) + 1
            self.last[job.check_id] = job.fence
            rest = QUARANTINE if self.lost[job.check_id] >= MAX_CRASHES else LEASE
            self.lost[job.check_id] += 1
            self.held.append((job, now + rest))

    def is_last(self, job: Job) -> bool:
        return self.last[job.check_id] == job.fence

    @precondition(lambda self: self.held)
    @rule(number=st.integers(0, 9), reason=st.sampled_from([None, Reason.CONNECT]))
    def report(self, number: int, reason: Reason | None) -> None:
        job, _ = self.held.pop(number % len(self.held))
        now = utcnow()

        async def tell(session: AsyncSession) -> int:
            before = await session.scalar(select(func.count()).select_from(result)) or 0
            await record_reports(session, [see(job, now, reason)], now)
            return (await session.scalar(select(func.count()).select_from(result)) or 0) - before

        assert self.run(tell) == self.is_last(job)
        if self.is_last(job):
            self.kept += 1
            self.lost[job.check_id] = 0
            self.last[job.check_id] = job.fence + 1  # a second report of the same counts no more
            self.held = [(each, end) for each, end in self.held if each.check_id != job.check_id]

    @precondition(lambda self: self.held)
    @rule(number=st.integers(0, 9), dies=st.booleans())
    def stop(self, number: int, dies: bool) -> None:
        job, _ = self.held.pop(number % len(self.held))
        if not dies:
            self.run(lambda session: release_jobs(session, [job], utcnow()))
            self.lost[job.check_id] -= self.is_last(job)

    @precondition(lambda self: self.has_moved)
    @rule(time=WAITS)
    def wait_a_while(self, time: timedelta) -> None:
        self.wait(time)

    @invariant()
    def each_report_that_counted_is_kept_once(self) -> None:
        async def count(session: AsyncSession) -> int:
            return await session.scalar(select(func.count()).select_from(result)) or 0

        assert self.ground.run(count) == self.kept

    @invariant()
    def no_site_is_forgotten(self) -> None:
        """Each is due at last: within a lease, its interval, or the rest of what kills workers."""

        async def load(session: AsyncSession) -> list[Check]:
            return list(await session.scalars(select(Check)))

        checks = self.ground.run(load)
        latest = utcnow() + QUARANTINE + timedelta(minutes=1)
        assert all(check.due_at is not None and check.due_at <= latest for check in checks)

    @invariant()
    def outage_is_open_where_people_were_told_so(self) -> None:
        async def load(session: AsyncSession) -> tuple[set[int], set[int]]:
            told = {State.DOWN, State.RECOVERING}
            out = await session.scalars(select(Check.entity_id).where(Check.state.in_(told)))
            query = select(Outage.entity_id).where(Outage.ended_at.is_(None))
            rows = list(await session.scalars(query))
            assert len(rows) == len(set(rows))
            return set(out), set(rows)

        out, opened = self.ground.run(load)
        assert out == opened

    @invariant()
    def streak_is_of_those_in_doubt_only(self) -> None:
        async def load(session: AsyncSession) -> list[Check]:
            return list(await session.scalars(select(Check)))

        assert all(
            (check.streak > 0) == (check.state in DOUBTFUL) for check in self.ground.run(load)
        )


def test_each_look_is_one_workers_and_none_is_forgotten(
    ground: Ground, record_property: pytest.Function
) -> None:
    explore(Claims, ground, record_property, "claims")
