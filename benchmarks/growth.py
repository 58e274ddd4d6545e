"""Whether cost grows with the answer alone: ten times the rows, and the last page by key."""

import asyncio
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.field import SECRET_KEY, STACKS, Running, find_lack, start_stacks
from benchmarks.fill import Data, fill, forget_new
from benchmarks.load import Place, measure
from benchmarks.table import COST_AT, Row
from benchmarks.works import WORKS, Work, make_signer, write_cursors, write_script
from tests.databases import create_database
from tests.processes import Server

TIMES, MOST = 10, 1.3  # the rows, and what that may cost
SIZE, PAGES, MOST_OF_LAST = 10, 10_000, 1.2  # rows of a page, pages, and what the last may cost
GROWING = ("entity", "page", "summary", "create", "status")


@dataclass(frozen=True)
class Pair:
    """Two runs, and how many times the first one the second may cost."""

    title: str
    most: float
    small: Callable[[], float]
    large: Callable[[], float]


def measure_growth(
    postgres: Server, data: Data, rounds: int, seconds: int, folder: Path
) -> list[Row]:
    print(f"filling PostgreSQL with {TIMES * data.sites} sites", flush=True)
    large = asyncio.run(fill(create_database(postgres), TIMES * data.sites))
    stack = choose_stack()
    with start_stacks([stack], data.url) as (one,), start_stacks([stack], large.url) as (other,):
        small_side = Side(postgres, data, one, folder / "small", seconds)
        large_side = Side(postgres, large, other, folder / "large", seconds)
        pairs = [make_pair(work, small_side, large_side) for work in pick_works()]
        pairs.append(make_pages(large_side))
        return [judge(pair, rounds) for pair in pairs]


def choose_stack() -> Any:
    """Return ours with one query for each request, so that none is hidden by another."""
    wanted = [stack for stack in STACKS if stack.name in ("quartapp-single", "quartapp")]
    return next(stack for stack in reversed(wanted) if not find_lack(stack))


def pick_works() -> list[Work]:
    return [work for work in WORKS if work.name in GROWING]


class Side:
    """A database of one size, and who answers from it."""

    def __init__(
        self, postgres: Server, data: Data, one: Running, folder: Path, seconds: int
    ) -> None:
        self.place = Place(one.url, one.pid, postgres.pid)
        self.data, self.folder, self.seconds = data, folder, seconds
        folder.mkdir()
        write_cursors(folder / "cursors", data.sites, make_signer(SECRET_KEY))

    def run(self, work: Work) -> float:
        """Return the CPU ms of a request."""
        script = self.folder / f"{work.name}.lua"
        write_script(script, work, self.data.token, self.data.sites, self.folder / "cursors")
        found = measure(self.place, script, COST_AT, self.seconds)
        if work.name == "create":
            asyncio.run(forget_new(self.data))
        return float(found["server"] + found["database"])


def make_pair(work: Work, small: Side, large: Side) -> Pair:
    title = f"growth: {work.title}, {TIMES} x the rows"
    return Pair(title, MOST, lambda: small.run(work), lambda: large.run(work))


def make_pages(side: Side) -> Pair:
    """Compare the first page by key with the last one."""
    sign = make_signer(SECRET_KEY)
    path = f"/api/v1/entities?per_page={SIZE}&cursor="
    ask = '  return wrk.format("GET", "{}")'
    first = Work("first", "", ask.format(path + sign(0)))
    last = replace(first, name="last", body=ask.format(path + sign(SIZE * (PAGES - 1))))
    title = f"growth: page {PAGES:,} by key beside the first"
    return Pair(title, MOST_OF_LAST, lambda: side.run(first), lambda: side.run(last))


def compare(pair: Pair) -> float:
    small, large = pair.small(), pair.large()
    return large / small


def judge(pair: Pair, rounds: int) -> Row:
    ratios = [compare(pair) for _ in range(rounds)]
    ratio = statistics.median(ratios)
    row = Row(pair.title, f"<= {pair.most:g} x", f"{ratio:.2f} x", ratio <= pair.most)
    print(row, flush=True)
    return row
