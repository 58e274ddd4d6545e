"""What looks change."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from quart import Quart
from sqlalchemy import delete, select

from quartapp.extensions import db
from quartapp.models import Entity, Event, EventKind, State, User, result, utcnow
from quartapp.models.look import Look, Reason, SeenCertificate
from quartapp.models.rules import Inspection, inspect
from quartapp.services.claim import Job, release_jobs
from quartapp.services.event import list_events, select_events
from tests.helpers import queries
from tests.services.watching import (
    HOUR,
    LEASE,
    claim,
    load_check,
    load_outages,
    look,
    record,
    see,
    watch,
)

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


async def test_result_is_kept_with_its_phases_and_the_state_it_led_to(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        now = utcnow() + SECOND
        (job,) = await claim(now)
        assert await record(see(job, now), now=now) == []
        async with db.read() as session:
            row = (await session.execute(select(result))).one()
        check = await load_check()

    assert row._asdict() == {
        "entity_id": job.entity_id,
        "slot_at": job.slot_at,
        "started_at": now,
        "outcome": "ok",
        "reason": "",
        "detail": "",
        "state": "up",
        "status": 200,
        "waited": 0.0,
        "dns": 0.001,
        "connect": 0.002,
        "tls": None,
        "first_byte": 0.003,
        "total": 0.006,
    }
    assert (check.state, check.state_since, check.looked_at) == (State.UP, now, now)
    assert MINUTE / 2 < check.slot_at - now <= 1.5 * MINUTE
    assert check.due_at is not None
    assert abs(check.due_at - check.slot_at) <= 3 * SECOND


async def test_look_at_a_site_that_is_gone_tells_nothing_of_the_one_with_its_id(app: Quart) -> None:
    async with app.app_context():
        (gone,) = await watch("http://a.example")
        (old,) = await claim(utcnow())
        async with db.begin() as session:
            await session.execute(delete(Entity).where(Entity.id == gone.id))
        await watch("http://b.example")
        (new,) = await claim(utcnow())
        old = replace(old, check_id=new.check_id, entity_id=new.entity_id)  # as SQLite has it
        async with db.begin() as session:
            await release_jobs(session, [old], utcnow())
        await record(see(old, now := utcnow(), Reason.CONNECT), now=now)
        assert (await load_check()).looked_at is None
        await record(see(new, now := utcnow()), now=now)
        assert (await load_check()).looked_at == now


async def test_outage_opens_once_and_ends_once(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        start = utcnow() + SECOND
        reasons = [None, *[Reason.CONNECT] * 4, None, None, None]
        turns = [await look(start + number * HOUR, reason) for number, reason in enumerate(reasons)]
        (outage,) = await load_outages()

    assert [len(found) for found in turns] == [0, 0, 0, 1, 0, 0, 1, 0]
    assert (outage.started_at, outage.ended_at) == (start + HOUR, start + 5 * HOUR)
    assert (outage.reason, outage.cause) == ("connect", "It was connect.")
    assert turns[6][0].outage.ended_at == outage.ended_at


async def test_report_whose_commit_was_not_heard_of_is_kept_once(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        now = utcnow() + SECOND
        (job,) = await claim(now)
        report = see(job, now, Reason.CONNECT)
        await record(report, now=now)
        check = await load_check()

        await record(report, now=now)

        async with db.read() as session:
            rows = (await session.execute(select(result))).all()
        assert len(rows) == 1
        assert (await load_check()).streak == check.streak == 1


async def test_report_of_a_claim_that_ran_out_is_dropped(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        now = utcnow() + SECOND
        (old,) = await claim(now)
        (new,) = await claim(now + LEASE)
        await record(see(old, now, Reason.TIMEOUT), now=now + LEASE)
        await record(see(new, now + LEASE), now=now + LEASE)
        await record(see(old, now, Reason.TIMEOUT), now=now + LEASE)
        async with db.read() as session:
            outcomes = list(await session.scalars(select(result.c.outcome)))

    assert outcomes == ["ok"]


async def test_our_own_error_moves_nothing_and_is_kept(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        start = utcnow() + SECOND
        for number in range(5):
            await look(start + number * HOUR, Reason.NETWORK)
        check = await load_check()
        async with db.read() as session:
            found = list(await session.scalars(select(result.c.outcome)))

    assert (check.state, check.outage_id) == (State.NEW, None)
    assert found == ["error"] * 5


async def test_site_in_doubt_is_looked_at_sooner(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        start = utcnow() + SECOND
        await look(start)
        await look(start + HOUR, Reason.CONNECT)
        check = await load_check()

    assert check.state == State.SUSPECT
    assert timedelta(0) < check.slot_at - (start + HOUR) <= 18 * SECOND


async def test_reports_of_many_sites_are_recorded_together(app: Quart) -> None:
    async with app.app_context():
        await watch(*[f"http://{number}.example" for number in range(30)])
        now = utcnow() + SECOND
        jobs = await claim(now)
        reports = [see(job, now, Reason.DNS if job.entity_id % 2 else None) for job in jobs]
        await record(*reports, now=now)
        async with db.read() as session:
            states = list(await session.scalars(select(result.c.state)))

    assert sorted(states) == ["suspect"] * 15 + ["up"] * 15


async def show(*certificates: SeenCertificate) -> list[Event]:
    """See one certificate after the other; return what was told, the newest first."""
    start = utcnow()
    for number, shown in enumerate(certificates, 1):
        at = start + number * timedelta(minutes=5)
        (job,) = await claim(at)
        report = see(job, at)
        await record(replace(report, look=replace(report.look, certificate=shown)), now=at)
    async with db.read() as session:
        return list(await list_events(session, select_events(seen_by=User())))


def make_certificate(fingerprint: str, until: datetime) -> SeenCertificate:
    return SeenCertificate(fingerprint, "site", "issuer", until - 2160 * HOUR, until, "TLSv1.3")


async def test_end_of_a_certificate_is_told_once(app: Quart) -> None:
    until = utcnow() + timedelta(days=7)
    async with app.app_context():
        await watch("https://a.example")
        (event,) = await show(*[make_certificate("aa", until)] * 3)
        check = await load_check()

    assert (check.certificate, check.certificate_until, check.certificate_told) == ("aa", until, 7)
    assert (event.kind, event.title) == (EventKind.CERTIFICATE, "Its certificate ends in 7 days")


async def test_certificates_that_are_shown_in_turn_are_told_of_once_each(app: Quart) -> None:
    sooner, soon, later = [utcnow() + timedelta(days=days) for days in (3, 7, 14)]
    async with app.app_context():
        await watch("https://a.example")
        one, other = make_certificate("aa", soon), make_certificate("bb", later)
        events = await show(*[one, other] * 5, replace(one, not_after=sooner), *[other, one] * 2)

    assert [event.title for event in events] == [
        "Its certificate ends in 3 days",
        "Its certificate ends in 14 days",
        "Its certificate ends in 7 days",
    ]


async def test_number_of_statements_does_not_grow_with_that_of_looks(app: Quart) -> None:
    async def count_statements(count: int) -> tuple[int, int]:
        now = utcnow() + SECOND
        with queries(db.engine) as claiming:
            jobs = await claim(now, limit=count)
        with queries(db.engine) as recording:
            await record(*[see(job, now) for job in jobs], now=now)
        assert len(jobs) == count
        return len(claiming), len(recording)

    async with app.app_context():
        await watch(*[f"http://{number}.example" for number in range(33)])
        few, many = await count_statements(3), await count_statements(30)

    assert few == many
    assert max(few) <= 4  # the rows, what moves them, and what else there is; SQLite's BEGIN


async def test_bugs_of_many_sites_are_told_at_once(app: Quart) -> None:
    async def count_statements(at: datetime, hosts: set[str]) -> int:
        for moment in (at, at + HOUR):
            jobs = [job for job in await claim(moment) if job.host in hosts]
            assert len(jobs) == len(hosts)
            reports = [replace(see(job, moment), inspection=inspect_badly(job)) for job in jobs]
            with queries(db.engine) as sent:
                await record(*reports, now=moment)
        # SQLite adds rows with ids one by one.
        return sum(not text.startswith("INSERT") or "delivery" in text for text in sent)

    hosts = [f"{number}.example" for number in range(23)]
    async with app.app_context():
        await watch(*[f"http://{host}" for host in hosts])
        now = utcnow() + SECOND
        few = await count_statements(now, set(hosts[:3]))
        many = await count_statements(now + 3 * HOUR, set(hosts[3:]))
        async with db.read() as session:
            kinds = Counter(await session.scalars(select(Event.kind)))

    assert kinds[EventKind.BUG_OPENED] % len(hosts) == 0
    assert kinds[EventKind.BUG_OPENED] > len(hosts)
    assert few == many


def inspect_badly(job: Job) -> Inspection:
    """Return the weaknesses of a page that is sent without any header."""
    headers = (("content-type", "text/html"),)
    return inspect(Look(job.url, utcnow(), status=200, final_url=job.url, headers=headers))
