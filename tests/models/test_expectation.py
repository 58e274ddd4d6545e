"""Which answers are good."""

from dataclasses import replace

import pytest

from quartapp.models import utcnow
from quartapp.models.expectation import Expectation, Verdict, judge, parse_statuses
from quartapp.models.look import Look, Outcome, Reason

OK = Verdict(Outcome.OK)


def see(status: int | None = 200, body: bytes = b"Welcome", reason: Reason | None = None) -> Look:
    return Look("http://a", utcnow(), reason=reason, detail="why", status=status, body=body)


def fail(reason: Reason, detail: str) -> Verdict:
    return Verdict(Outcome.FAIL, reason, detail)


@pytest.mark.parametrize(
    ("look", "expected", "verdict"),
    [
        (see(), Expectation(), OK),
        (see(301), Expectation(), OK),
        (see(500), Expectation(), fail(Reason.STATUS, "It answered 500, not 200-399.")),
        (see(401), Expectation("200-299, 401"), OK),
        (see(), Expectation("204"), fail(Reason.STATUS, "It answered 200, not 204.")),
        (see(), Expectation(present="come"), OK),
        (see(), Expectation(present="gone"), fail(Reason.CONTENT, "“gone” is missing.")),
        (see(), Expectation(absent="gone"), OK),
        (see(), Expectation(absent="come"), fail(Reason.CONTENT, "“come” is there.")),
        (see(body=b'{"a": 1}'), Expectation(json_path="$.a", json_value="1"), OK),
        (
            see(body=b'{"a": 1}'),
            Expectation(json_path="$.b"),
            fail(Reason.JSON, "$.b leads to nothing."),
        ),
        (see(), Expectation(json_value="1"), OK),
        (see(reason=Reason.DNS), Expectation(), fail(Reason.DNS, "why")),
        (
            see(reason=Reason.BLOCKED),
            Expectation(),
            Verdict(Outcome.ERROR, Reason.BLOCKED, "why"),
        ),
    ],
)
def test_answer_is_judged_by_what_is_expected(
    look: Look, expected: Expectation, verdict: Verdict
) -> None:
    assert judge(look, expected) == verdict


def see_page(charset: str, media_type: str = "text/html") -> Look:
    return replace(see(body="Viele Grüße".encode(charset)), headers=(("content-type", media_type),))


@pytest.mark.parametrize(
    "look",
    [
        see_page("utf-8"),
        see_page("latin1", "text/html; charset=ISO-8859-1"),
        see_page("utf-16"),
        see_page("utf-8", "text/html; charset=ISO-8859-1"),
    ],
    ids=["UTF-8", "ISO-8859-1", "UTF-16", "UTF-8 that says it is another"],
)
def test_words_are_found_in_any_charset(look: Look) -> None:
    there = fail(Reason.CONTENT, "“Grüße” is there.")
    assert judge(look, Expectation(present="Grüße")) == OK
    assert judge(look, Expectation(absent="Grüße")) == there
    assert judge(look, Expectation(absent="Grüsse")) == OK


@pytest.mark.parametrize(
    ("value", "ranges"),
    [
        ("200", [(200, 200)]),
        ("200-399", [(200, 399)]),
        ("200, 401-403", [(200, 200), (401, 403)]),
        ("399-200", [(200, 399)]),
    ],
)
def test_statuses_are_read(value: str, ranges: list[tuple[int, int]]) -> None:
    assert parse_statuses(value) == ranges


@pytest.mark.parametrize("value", ["", "20", "600", "200;300", "200-", "٢٠٠", "200,"])
def test_other_statuses_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="Statuses look like"):
        parse_statuses(value)
