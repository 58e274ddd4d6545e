"""Whether an answer says in JSON what it should."""

import json

import pytest

from quartapp.models import utcnow
from quartapp.models.json_answer import MAX_CONTAINERS, find_fault
from quartapp.models.json_path import MAX_NODES
from quartapp.models.look import Look

HEALTH = json.dumps(
    {
        "status": "up",
        "ok": True,
        "count": 3,
        "share": 0.5,
        "text": "3",
        "empty": "",
        "nothing": None,
        "errors": [],
        "hosts": [{"b": "é", "a": 1}, {"a": 1, "b": "é"}],
    }
).encode()


def find(path: str, value: str = "", body: bytes = HEALTH, is_cut: bool = False) -> str:
    return find_fault(Look("http://a", utcnow(), body=body, is_cut=is_cut), path, value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", ""),
        ("$.status", ""),
        ("$.nothing", ""),
        ("$.status", "up"),
        ("$.status", '"up"'),
        ("$.ok", "true"),
        ("$.count", "3"),
        ("$.share", "0.5"),
        ("$.text", "3"),
        ("$.empty", '""'),
        ("$.nothing", "null"),
        ("$.errors", "[]"),
        ("$.hosts[*].a", "1"),
        ("$.hosts[*]", '{"b": "é", "a": 1}'),
    ],
)
def test_answer_is_as_expected(path: str, value: str) -> None:
    assert find(path, value) == ""


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("$.state", "", "$.state leads to nothing."),
        ("$.state", "up", "$.state leads to nothing."),
        ("$.errors[*]", "up", "$.errors[*] leads to nothing."),
        ("$.status", "down", "It says “up” at $.status, not “down”."),
        ("$.status", "UP", "It says “up” at $.status, not “UP”."),
        ("$.ok", "True", "It says “true” at $.ok, not “True”."),
        ("$.ok", "1", "It says “true” at $.ok, not “1”."),
        ("$.count", '"3"', 'It says “3” at $.count, not “"3"”.'),
        ("$.count", "3.0", "It says “3” at $.count, not “3.0”."),
        ("$.nothing", "nothing", "It says “null” at $.nothing, not “nothing”."),
        ("$.hosts[0]", "é", 'It says “{"a":1,"b":"é"}” at $.hosts[0], not “é”.'),
        ("$.hosts[*].*", "1", "It says “é” at $.hosts[*].*, not “1”."),
        ("$.share", "NaN", "It says “0.5” at $.share, not “NaN”."),
    ],
)
def test_fault_says_what_was_found(path: str, value: str, fault: str) -> None:
    assert find(path, value) == fault


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "It is no JSON: it is empty."),
        (b"<!DOCTYPE html>\r\n<title>", "It is no JSON: it starts with “<!DOCTYPE html> <title>”."),
        (b"\xff\x00\x1b[0m", "It is no JSON: it starts with “\ufffd [0m”."),
        (b'{"a": NaN}', 'It is no JSON: it starts with “{"a": NaN}”.'),
        (b"[1] [2]", "It is no JSON: it starts with “[1] [2]”."),
    ],
)
def test_body_that_is_no_json_is_a_fault(body: bytes, fault: str) -> None:
    assert find("$.*", body=body) == fault


@pytest.mark.parametrize(
    ("start", "end", "times", "fault"),
    [
        ("x", "", 1000, f"It is no JSON: it starts with “{'x' * 59}…”."),
        ("9", "", 5000, f"It is no JSON: it starts with “{'9' * 59}…”."),
        ("[", "", MAX_CONTAINERS, "Its JSON is nested too deeply."),
        ("[", "]", MAX_CONTAINERS, "Its JSON is nested too deeply."),
        ("[", "", MAX_CONTAINERS + 1, "It has too many lists and objects to be read as JSON."),
        ("{", "", MAX_CONTAINERS + 1, "It has too many lists and objects to be read as JSON."),
        ("[" + "0," * MAX_NODES, "0]", 1, "$.* leads through too many values."),
    ],
    ids=["long", "digits", "open", "nested", "lists", "objects", "wide"],
)
def test_body_that_would_take_too_long_is_a_fault(
    start: str, end: str, times: int, fault: str
) -> None:
    assert find("$.*", body=(start * times + end * times).encode()) == fault


def test_body_that_was_cut_is_a_fault() -> None:
    assert find("$", is_cut=True) == "It is too long to be read as JSON."


def test_what_strangers_wrote_is_shown_in_short_and_without_control_characters() -> None:
    body = json.dumps("\x1b[31m\u202e\ud800\n" + "x" * 500).encode()
    assert find("$", "up", body) == f"It says “[31m {'x' * 54}…” at $, not “up”."
