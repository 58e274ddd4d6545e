"""Weaknesses are looked for in what was fetched anyway."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import select

from quartapp.extensions import db
from quartapp.models import Bug, utcnow
from quartapp.models.look import Look, Reason
from quartapp.models.rules import RULES
from quartapp.monitoring import inspector as module
from quartapp.monitoring.inspector import Inspector
from quartapp.services.claim import Job
from tests.monitoring.test_watch import answer, running, wait_for_results
from tests.services.watching import claim, watch

SECOND = timedelta(seconds=1)


@pytest.fixture
async def job(app: Quart) -> Job:
    async with app.app_context():
        await watch("http://a.example")
        return (await claim(utcnow() + SECOND))[0]


async def test_site_is_inspected_at_first_and_then_now_and_then(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    inspector, look = Inspector(), await answer(job)
    done = [await inspector.inspect(job, look) is not None for _ in range(5)]
    now += module.PAUSE
    done += [await inspector.inspect(job, look) is not None for _ in range(2)]

    assert done == [True, True, True, False, False, True, False]


async def test_error_of_ours_shows_nothing(job: Job) -> None:
    look = Look(job.url, utcnow(), reason=Reason.NETWORK)
    assert await Inspector().inspect(job, look) is None


async def test_broken_rule_is_logged(
    job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(page: object) -> list[tuple[str, str]]:
        raise LookupError

    rule = RULES["https-missing"]
    monkeypatch.setitem(RULES, "https-missing", replace(rule, find=break_down))
    with caplog.at_level(logging.ERROR):
        assert await Inspector().inspect(job, await answer(job)) is not None
    assert caplog.messages == ["The rule https-missing cannot judge http://a.example."]


async def test_what_a_look_sees_is_kept(app: Quart) -> None:
    async with app.app_context():
        await watch("http://a.example")
        async with running(answer):
            await wait_for_results(1)
        async with db.read() as session:
            found = list(await session.scalars(select(Bug.rule).where(Bug.state.is_(None))))

    assert "https-missing" in found
