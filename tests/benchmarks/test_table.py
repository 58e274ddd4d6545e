"""What the benchmark makes of its figures."""

from typing import Any

import pytest

from benchmarks.__main__ import report
from benchmarks.load import Cell
from benchmarks.table import Row, find_ratio, judge, sum_up

CELL: dict[str, Any] = {
    "work": "entity",
    "connections": 64,
    "round": 0,
    "rate": 1000.0,
    "p50": 5.0,
    "p99": 10.0,
    "database": 0.0,
    "errors": 0,
    "memory": 100.0,
}
HEALTH = [
    Row("quartapp: errors", "0", "0", True),
    Row("quartapp: memory of a process", "< 150 MB", "100 MB", True),
]
ABOUT = {"processor": "none", "cores": 2, "pinned": True, "rounds": 1}


def make_cell(stack: str, server: float, **changes: Any) -> Cell:
    return Cell(**{**CELL, "stack": stack, "server": server, **changes})


def test_ratio_is_the_median_of_pairs_of_one_round() -> None:
    ours = [make_cell("quartapp", cost) for cost in (1.0, 10.0, 2.0)]
    theirs = [make_cell("flask", cost) for cost in (2.0, 50.0, 6.0)]

    assert find_ratio(ours, theirs, lambda cell: cell.cpu) == 3.0  # of 2, 5 and 3


def test_cost_is_compared_with_the_peer_that_costs_least() -> None:
    cells = [
        make_cell("quartapp", 1.0),
        make_cell("flask", 9.0),
        make_cell("quart", 2.0, database=1.0),
        make_cell("tuned", 0.1),
    ]

    rows = judge(cells, ["flask", "quart"])

    title = "quartapp: entity, CPU of quart is"
    assert rows == [Row(title, ">= 2.5 x", "3.00 x", True), *HEALTH]


def test_work_that_costs_too_much_falls_short() -> None:
    cells = [make_cell("quartapp", 1.0), make_cell("flask", 2.4)]

    rows = judge(cells, ["flask"])

    title = "quartapp: entity, CPU of flask is"
    assert rows == [Row(title, ">= 2.5 x", "2.40 x", False), *HEALTH]


def test_summary_on_hypercorn_counts_the_server_alone() -> None:
    cells = [
        make_cell("quartapp", 1.0, work="summary", database=9.0),
        make_cell("flask", 2.0, work="summary", database=0.5),
    ]

    title = "quartapp: summary, CPU of flask is"
    assert judge(cells, ["flask"]) == [Row(title, ">= 2 x", "2.00 x", True), *HEALTH]


def test_faster_server_has_to_be_further_ahead() -> None:
    cells = [make_cell("quartapp-granian", 1.0), make_cell("flask", 5.0)]

    title = "quartapp-granian: entity, CPU of flask is"
    assert judge(cells, ["flask"])[0] == Row(title, ">= 6 x", "5.00 x", False)


def test_status_page_counts_requests() -> None:
    cells = [
        make_cell("quartapp", 1.0, work="status", rate=30_000.0),
        make_cell("flask", 1.0, work="status", rate=300.0),
        make_cell("quart", 1.0, work="status", rate=1_500.0),
    ]

    title = "quartapp: status, requests/s of quart"
    rows = judge(cells, ["flask", "quart"])
    assert rows == [Row(title, ">= 25 x", "20.00 x", False), *HEALTH]


def test_wait_has_to_be_below_that_of_every_peer() -> None:
    cells = [
        make_cell("quartapp", 1.0, connections=512, p99=500.0),
        make_cell("flask", 9.0, connections=512, p99=900.0),
        make_cell("quart", 9.0, connections=512, p99=400.0),
    ]

    title = "quartapp: entity, p99 at 512 connections"
    rows = judge(cells, ["flask", "quart"])
    assert rows == [Row(title, "< 400 ms", "500 ms", False), *HEALTH]


def test_error_and_memory_fall_short() -> None:
    cells = [make_cell("quartapp", 1.0, errors=1), make_cell("quartapp", 1.0, memory=151.0)]

    assert judge(cells, []) == [
        Row("quartapp: errors", "0", "1", False),
        Row("quartapp: memory of a process", "< 150 MB", "151 MB", False),
    ]


def test_medians_are_of_the_rounds() -> None:
    cells = [make_cell("quart", cost, round=number) for number, cost in enumerate((3.0, 1.0, 2.0))]

    (found,) = sum_up(cells)

    assert (found["stack"], found["server"], found["p99"]) == ("quart", 2.0, 10.0)


@pytest.mark.parametrize(("cost", "code"), [(2.6, 0), (2.4, 1)])
def test_row_that_falls_short_is_told_and_is_the_exit_code(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], cost: float, code: int
) -> None:
    cells = [make_cell("quartapp", 1.0), make_cell("flask", cost)]

    assert report(ABOUT, cells, [], tmp_path) == code

    assert ("SHORT" in capsys.readouterr().out) is bool(code)
    assert {file.name for file in tmp_path.iterdir()} == {"api.json", "api.svg"}
