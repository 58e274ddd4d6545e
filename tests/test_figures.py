"""Figures of the suite: collected from reports, shown, and written into the paper."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from tests import figures


def make_report(
    *properties: tuple[str, object], when: Literal["call", "teardown"] = "teardown"
) -> pytest.TestReport:
    place = ("a.py", 1, "test_a")
    return pytest.TestReport("a.py", place, {}, "passed", None, when, user_properties=properties)


def test_counts_of_several_tests_add_up_and_the_worst_measure_stands() -> None:
    one = make_report(("raw: messages", 131), ("raw: MiB", 4.5), ("markup", "nobody asked"))
    other = make_report(("raw: messages", 9), ("raw: MiB", 2.5))
    other_call = make_report(("raw: messages", 9), when="call")

    assert figures.collect([one, other_call, other]) == {"raw: messages": 140, "raw: MiB": 4.5}


def test_paper_gets_the_table_of_all_runs_and_keeps_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, paper = tmp_path / "runs", tmp_path / "hardening.md"
    runs.mkdir()
    (runs / "1.json").write_text(json.dumps({"raw: messages (framing)": 131}))
    (runs / "2.json").write_text(
        json.dumps({"inputs: requests on sqlite": 20480, "contract: cases": 10000})
    )
    paper.write_text(f"# Before\n\n{figures.BEGIN}old\n{figures.END}\nAfter.\n")
    monkeypatch.setenv("FIGURES", str(runs))
    monkeypatch.setattr(figures, "PAPER", paper)

    figures.main()

    assert capsys.readouterr().out.splitlines() == [
        "contract: cases                   10,000",
        "inputs: requests on sqlite        20,480",
        "raw: messages (framing)              131",
    ]
    assert paper.read_text() == (
        f"# Before\n\n{figures.BEGIN}"
        "\n| part | what | figure |\n|---|---|---:|\n"
        "| contract | cases | 10,000 |\n"
        "| inputs | requests on sqlite | 20,480 |\n"
        "| raw | messages (framing) | 131 |\n\n"
        f"{figures.END}\nAfter.\n"
    )


def test_suite_that_tried_too_little_has_not_proved_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = {"inputs: requests on sqlite": 12_000, "inputs: requests on postgres": 7_999}
    (tmp_path / "1.json").write_text(json.dumps({**counted, "contract: cases": 10_000}))
    monkeypatch.setenv("FIGURES", str(tmp_path))

    with pytest.raises(SystemExit) as ended:
        figures.main()

    assert str(ended.value).splitlines() == [
        "inputs: requests: 19,999 of 20,000 at least",
        "raw: messages: 0 of 120 at least",
    ]


@pytest.mark.parametrize(("more", "kept"), [({}, 1), ({"workerinput": {}}, 0)])
def test_figures_are_kept_by_the_one_process_that_has_all(
    more: dict[str, object], kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIGURES", str(tmp_path))
    reporter: Any = SimpleNamespace(
        config=SimpleNamespace(**more),
        stats={"": [make_report(("raw: messages", 9))]},
        section=print,
        write_line=print,
    )
    figures.pytest_terminal_summary(reporter)
    assert len([*tmp_path.iterdir()]) == kept
