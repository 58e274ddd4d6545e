"""How limits are told."""

import pytest
from limits import parse
from werkzeug.datastructures import Headers

from quartapp.limits.counters import Verdict
from quartapp.limits.headers import describe_wait, write_headers
from quartapp.limits.rules import Rule

API = Verdict(Rule("api", parse("100/minute")), True, 50, 30)
GUESSES = Verdict(Rule("guesses", parse("10/5minutes")), False, 0, 212)
SECRET = Verdict(Rule("secret", parse("1000/hour"), is_told=False), True, 1, 1)


@pytest.mark.parametrize(
    ("verdicts", "policy", "state"),
    [
        ([API], '"api";q=100;w=60', '"api";r=50;t=30'),
        (
            [API, GUESSES, SECRET],
            '"api";q=100;w=60, "guesses";q=10;w=300',
            '"api";r=50;t=30, "guesses";r=0;t=212',
        ),
        ([SECRET], None, None),
        ([], None, None),
    ],
)
def test_limits_are_told_as_the_draft_says(
    verdicts: list[Verdict], policy: str | None, state: str | None
) -> None:
    headers = Headers()
    write_headers(headers, verdicts)

    assert (headers.get("RateLimit-Policy"), headers.get("RateLimit")) == (policy, state)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (2, "2 seconds"),
        (120, "120 seconds"),
        (121, "3 minutes"),
        (300, "5 minutes"),
        (7200, "120 minutes"),
        (86400, "24 hours"),
    ],
)
def test_waits_are_told_in_words(seconds: int, words: str) -> None:
    assert describe_wait(seconds) == words
