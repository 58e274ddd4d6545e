"""The arithmetic counts what is weak."""

import pytest

from tests.hardening.observatory import Answer, grade, score

pytestmark = pytest.mark.headers

GOOD = {
    "content-security-policy": "default-src 'none'; script-src 'self'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "set-cookie": "__Host-session=1; Secure; HttpOnly; Path=/; SameSite=Lax",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "content-type": "text/html",
}
POLICY = "content-security-policy"
WORSE = [
    ({POLICY: ""}, {POLICY: -25, "x-frame-options": -20}),
    ({POLICY: "default-src 'none'; default-src 'none'"}, {POLICY: -25, "x-frame-options": -20}),
    ({POLICY: "script-src 'unsafe-inline'; frame-ancestors 'none'"}, {POLICY: -20}),
    ({POLICY: "default-src 'self'; object-src *; frame-ancestors 'none'"}, {POLICY: -20}),
    ({POLICY: "default-src 'self' http://a.test; frame-ancestors 'none'"}, {POLICY: -20}),
    ({POLICY: "default-src 'none'; script-src 'unsafe-eval'; frame-ancestors *"}, {POLICY: -10}),
    ({POLICY: "default-src 'none'; img-src http:; frame-ancestors 'none'"}, {POLICY: -10}),
    ({POLICY: "default-src 'none'"}, {"x-frame-options": -20}),
    ({"cross-origin-resource-policy": "any"}, {"cross-origin-resource-policy": -5}),
    ({"referrer-policy": "unsafe-url"}, {"referrer-policy": -5}),
    ({"set-cookie": "session=1; HttpOnly; SameSite=Lax"}, {"cookies": -10}),
    ({"set-cookie": "session=1; Secure; SameSite=Lax"}, {"cookies": -30}),
    ({"set-cookie": "theme=1; Secure; SameSite=None"}, {"cookies": -20}),
    ({"set-cookie": "theme=1; SameSite=Lax"}, {"cookies": -5}),
    ({"strict-transport-security": "max-age=60"}, {"strict-transport-security": -10}),
    ({"strict-transport-security": ""}, {"strict-transport-security": -20}),
    ({"x-content-type-options": ""}, {"x-content-type-options": -5}),
    ({"location": "http://localhost/"}, {"redirection": -20}),
    ({"location": "//evil.test/"}, {"redirection": -5}),
    (
        {"access-control-allow-origin": "*", "access-control-allow-credentials": "true"},
        {"cross-origin-resource-sharing": -50},
    ),
]


def make_answer(changes: dict[str, str], body: str = "") -> Answer:
    headers = {name: value for name, value in {**GOOD, **changes}.items() if value}
    return Answer("localhost", tuple(headers.items()), body)


def find_minus(answer: Answer) -> dict[str, int]:
    return {name: mark for name, mark in grade(answer).items() if mark < 0}


def test_what_is_good_is_worth_all_points() -> None:
    assert score(make_answer({}, '<script src="/static/app.js"></script>')) == 135


@pytest.mark.parametrize(("changes", "marks"), WORSE)
def test_what_is_weak_costs_points(changes: dict[str, str], marks: dict[str, int]) -> None:
    assert find_minus(make_answer(changes)) == marks


@pytest.mark.parametrize(
    ("source", "mark"), [("https://cdn.test/a.js", -5), ("http://a.test/a.js", -50)]
)
def test_scripts_of_others_cost_points(source: str, mark: int) -> None:
    answer = make_answer({}, f'<script defer src="{source}"></script>')

    assert find_minus(answer) == {"subresource-integrity": mark}


def test_bonuses_count_for_the_good_alone() -> None:
    assert score(make_answer({POLICY: ""})) == 55
