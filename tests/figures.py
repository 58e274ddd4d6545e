"""What the suite counted: a table at its end, and the one of docs/evidence/hardening.md.

A test says `record_property("inputs: requests on sqlite", 20480)`: the part, a colon, what, and how
many. A run prints all of them; told a folder by the variable FIGURES, it leaves them there as well,
and `python -m tests.figures`, the last of `manage.py check`, writes them all into the paper.
"""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

PAPER = Path(__file__).parents[1] / "docs" / "evidence" / "hardening.md"
# How much has to be tried at least, over all figures whose names begin so.
LEAST = {"inputs: requests": 20_000, "contract: cases": 10_000, "raw: messages": 120}
BEGIN, END = "<!-- figures: written by manage.py check -->\n", "<!-- end of figures -->\n"
Figures = dict[str, Any]  # by "part: what"

Reporter = pytest.TerminalReporter


def pytest_terminal_summary(terminalreporter: Reporter) -> None:
    """Print what tests counted; the processes of the suite have sent it with their reports."""
    if hasattr(terminalreporter.config, "workerinput"):
        return  # one of these processes, whose figures would count twice
    figures = collect(
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
    )
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write_line(draw(figures))
        keep(figures)


def collect(reports: Iterable[pytest.TestReport]) -> Figures:
    """Add up what tests counted under one name; of what they measured, take the largest."""
    figures: Figures = {}
    for report in reports:
        if report.when == "teardown":  # the last of a test, which has what all of it counted
            merge(figures, [each for each in report.user_properties if ": " in each[0]])
    return figures


def merge(figures: Figures, found: Iterable[tuple[str, Any]]) -> None:
    for name, value in found:
        if name in figures:
            both = figures[name], value
            value = sum(both) if isinstance(value, int) else max(both)
        figures[name] = value


def draw(figures: Figures) -> str:
    wide = max(map(len, figures))
    return "\n".join(f"{name:{wide}}  {show(value):>12}" for name, value in sorted(figures.items()))


def show(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def keep(figures: Figures) -> None:
    if folder := os.environ.get("FIGURES"):
        Path(folder, f"{os.getpid()}.json").write_text(json.dumps(figures))


def load(folder: Path) -> Figures:
    figures: Figures = {}
    for path in folder.glob("*.json"):
        merge(figures, json.loads(path.read_text()).items())
    return figures


def write_paper(paper: Path, figures: Figures) -> None:
    """Put the figures between the marks of the paper; what else it says stays."""
    before, _, rest = paper.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [
        "| {} | {} | {} |\n".format(*name.split(": ", 1), show(value))
        for name, value in sorted(figures.items())
    ]
    table = "".join(["\n| part | what | figure |\n|---|---|---:|\n", *rows, "\n"])
    paper.write_text(before + BEGIN + table + END + after)


def find_lacks(figures: Figures) -> list[str]:
    lacks = []
    for name, least in LEAST.items():
        count = sum(value for key, value in figures.items() if key.startswith(name))
        if count < least:
            lacks.append(f"{name}: {show(count)} of {show(least)} at least")
    return lacks


def main() -> None:
    figures = load(Path(os.environ["FIGURES"]))
    if lacks := find_lacks(figures):
        sys.exit("\n".join(lacks))
    print(draw(figures))
    write_paper(PAPER, figures)


if __name__ == "__main__":
    main()
