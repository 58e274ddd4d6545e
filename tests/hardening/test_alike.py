import json

import pytest

from tests.hardening.alike import describe
from tests.hardening.calling import Reply

pytestmark = pytest.mark.inputs

ROW = {"id": 7, "owner_id": 3, "opened_at": "2026-01-02T03:04:05.678Z", "waited": 0.25}
PAGE = {"items": [ROW], "meta": {"total": 21, "page": 2, "next_cursor": "Mg"}, "ids": [1]}


def answer(text: str, kind: str = "text/html", place: str = "") -> Reply:
    return Reply(200, {"content-type": f"{kind}; charset=utf-8", "location": place}, text.encode())


def answer_json(value: object) -> Reply:
    return answer(json.dumps(value), "application/json")


@pytest.mark.parametrize(
    "other",
    [
        {**PAGE, "items": [{**ROW, "id": 8, "owner_id": 4}]},
        {**PAGE, "items": [{**ROW, "opened_at": "2026-01-02T03:04:06Z", "waited": 1.5}]},
        {**PAGE, "meta": {**PAGE["meta"], "next_cursor": "MTA"}},
    ],
)
def test_ids_times_durations_and_cursors_may_differ_in_json(other: object) -> None:
    assert describe(answer_json(other)) == describe(answer_json(PAGE))


@pytest.mark.parametrize(
    "other",
    [
        {**PAGE, "meta": {**PAGE["meta"], "total": 22}},
        {**PAGE, "meta": {**PAGE["meta"], "page": 3}},
        {**PAGE, "meta": {**PAGE["meta"], "next_cursor": None}},
        {**PAGE, "items": [ROW, ROW]},
        {**PAGE, "items": [{**ROW, "owner_id": None}]},
        {**PAGE, "items": [{**ROW, "detail": "12 looks"}]},
    ],
)
def test_count_page_and_figure_may_not(other: object) -> None:
    assert describe(answer_json(other)) != describe(answer_json(PAGE))


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ('<a href="/bugs/7">', '<a href="/bugs/12">', True),
        ('<a href="/bugs/7/edit?page=2">', '<a href="/bugs/9/edit?page=3">', False),
        ('<li id="s7">', '<li id="s12">', True),
        ('<li id="s7">', '<li id="bug-7">', False),
        ("There is no comment 5 on entity 7.", "There is no comment 6 on entity 8.", True),
        ("There is no comment 5 on entity 7.", "There is no comment 5 on site 7.", False),
        ("There is no bug 5.", "There is no site 5.", False),
        ("<p>21 bugs</p>", "<p>22 bugs</p>", False),
        ("<time datetime=1>now</time>", "<time datetime=2>1 s ago</time>", True),
        ("at 2026-01-02 03:04:05", "at 2026-01-02 03:04:06", True),
        ("Fri, 02 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:06 GMT", True),
        ("99.95 %", "99.90 %", False),
        ("in 60 s", "in 61 s", False),
    ],
)
def test_number_of_a_page_is_known_by_its_surroundings(
    one: str, other: str, is_alike: bool
) -> None:
    assert (describe(answer(one)) == describe(answer(other))) is is_alike
    assert (describe(answer("", place=one)) == describe(answer("", place=other))) is is_alike
