"""Whose fault it is that a site does not answer."""

import asyncio
from collections.abc import Sequence

import pytest

from quartapp.models import utcnow
from quartapp.models.expectation import Verdict
from quartapp.models.look import Look, Outcome, Reason
from quartapp.monitoring import gate as module
from quartapp.monitoring.gate import Gate

DOWN = Verdict(Outcome.FAIL, Reason.TIMEOUT, "Too slow.")
CUT_OFF = Verdict(Outcome.ERROR, Reason.NETWORK, module.CUT_OFF)
CANARIES = ["http://a.example/", "http://b.example/"]


class Canaries:
    """What the canaries say, one after the other, and how often they were asked."""

    def __init__(self, *reasons: Reason | None) -> None:
        self.reasons = list(reasons)
        self.asked: list[str] = []

    async def look(self, url: str) -> Look:
        self.asked.append(url)
        await asyncio.sleep(0)
        reason = self.reasons[(len(self.asked) - 1) % len(self.reasons)]
        return Look(url, utcnow(), reason=reason, status=None if reason else 200)


def make_gate(canaries: Canaries, urls: Sequence[str] = CANARIES) -> Gate:
    return Gate(urls, canaries.look)


async def test_failure_is_the_sites_while_one_canary_answers() -> None:
    assert await make_gate(Canaries(Reason.DNS, None)).doubt(DOWN) == DOWN


async def test_failure_is_ours_when_no_canary_answers() -> None:
    assert await make_gate(Canaries(Reason.DNS, Reason.TIMEOUT)).doubt(DOWN) == CUT_OFF


async def test_canary_that_is_wrong_answers_all_the_same() -> None:
    assert await make_gate(Canaries(Reason.REDIRECT)).doubt(DOWN) == DOWN


async def test_canary_that_may_not_be_asked_says_nothing() -> None:
    assert await make_gate(Canaries(Reason.BLOCKED)).doubt(DOWN) == DOWN


@pytest.mark.parametrize("reason", [Reason.STATUS, Reason.CONTENT, Reason.REDIRECT])
async def test_answer_that_is_wrong_came_from_outside(reason: Reason) -> None:
    canaries, verdict = Canaries(Reason.DNS), Verdict(Outcome.FAIL, reason, "Wrong.")
    assert await make_gate(canaries).doubt(verdict) == verdict
    assert canaries.asked == []


async def test_canaries_are_asked_once_for_all_that_fail_at_a_time() -> None:
    canaries = Canaries(Reason.DNS)
    gate = make_gate(canaries)
    assert await asyncio.gather(*(gate.doubt(DOWN) for _ in range(50))) == [CUT_OFF] * 50
    assert canaries.asked == CANARIES


async def test_connection_that_is_back_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    canaries = Canaries(Reason.DNS)
    gate = make_gate(canaries)
    await gate.doubt(DOWN)
    canaries.reasons, gate.asked_at = [None], float("-inf")

    assert await gate.doubt(DOWN) == DOWN
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


async def test_without_canaries_every_failure_is_the_sites() -> None:
    assert await make_gate(Canaries(Reason.DNS), []).doubt(DOWN) == DOWN
